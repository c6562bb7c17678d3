import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import ClassVar, Final, NewType, Self, TypedDict, Unpack
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from domain.errors import InvalidEmail, InvalidFullName, InvalidTimeZone, InvalidUsername, PreconditionFailed
from domain.text import fold, is_blank, is_storable

UserId = NewType("UserId", UUID)

USERNAME_PATTERN: Final = "^[A-Za-z0-9_-]{3,50}$"
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
EMAIL_PATTERN: Final = rf"^(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})+$"
"""A dot-atom, at, and a domain of two labels or more, all of it ASCII (RFC 5321, section 4.1.2)."""

_USERNAME = re.compile(USERNAME_PATTERN)
_EMAIL = re.compile(EMAIL_PATTERN)


class Role(StrEnum):
    """In sorting order."""

    USER = "user"
    MANAGER = "manager"
    ADMIN = "admin"


class UserChanges(TypedDict, total=False):
    """What an edit may say. A field left out stays as it is; None clears one that may be empty."""

    email: str
    full_name: str | None
    timezone: str
    role: Role
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account. A value, made by `register`, changed by `edit`; the constructor trusts its caller, a storage."""

    MAX_EMAIL: ClassVar = 254
    MAX_FULL_NAME: ClassVar = 100

    id: UserId
    username: str
    email: str
    full_name: str | None
    role: Role
    is_active: bool
    timezone: str
    password_hash: str = field(repr=False)
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def register(
        cls,
        *,
        id: UserId,
        username: str,
        email: str,
        password_hash: str,
        at: datetime,
        full_name: str | None = None,
        timezone: str = "UTC",
        role: Role = Role.USER,
        is_active: bool = True,
    ) -> Self:
        """Raises the InvalidValue of the field that breaks its rule."""
        return cls(
            id=id,
            username=valid_username(username),
            email=valid_email(email),
            full_name=valid_full_name(full_name),
            role=role,
            is_active=is_active,
            timezone=valid_timezone(timezone),
            password_hash=password_hash,
            created_at=at,
            updated_at=at,
            version=1,
        )

    def edit(self, *, at: datetime, **changes: Unpack[UserChanges]) -> Self:
        """The user with `changes`: the next version, or itself when nothing is different.

        Raises the InvalidValue of the field that breaks its rule.
        """
        edited = replace(
            self,
            email=valid_email(changes.get("email", self.email)),
            full_name=valid_full_name(changes.get("full_name", self.full_name)),
            timezone=valid_timezone(changes.get("timezone", self.timezone)),
            role=changes.get("role", self.role),
            is_active=changes.get("is_active", self.is_active),
        )
        return self if edited == self else replace(edited, updated_at=at, version=self.version + 1)

    def with_password(self, password_hash: str, *, at: datetime) -> Self:
        return replace(self, password_hash=password_hash, updated_at=at, version=self.version + 1)

    def require_version(self, expected: frozenset[int] | None) -> None:
        """Raises PreconditionFailed unless `expected` names this version. None expects nothing."""
        if expected is not None and self.version not in expected:
            raise PreconditionFailed

    @property
    def is_active_admin(self) -> bool:
        return self.is_active and self.role is Role.ADMIN

    @property
    def search_text(self) -> str:
        """What a search for users looks into."""
        return "\n".join((fold(self.username), fold(self.email), fold(self.full_name or "")))

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def name_key(name: str) -> str:
    """Two usernames, or two e-mail addresses, with one key are the same name."""
    return name.casefold()


def valid_username(text: str) -> str:
    """Raises InvalidUsername."""
    if not _USERNAME.fullmatch(text):
        raise InvalidUsername("a username has 3 to 50 of the characters A-Z a-z 0-9 _ -")
    return text


def valid_email(text: str) -> str:
    """Raises InvalidEmail."""
    if len(text) > User.MAX_EMAIL or not _EMAIL.fullmatch(text):
        raise InvalidEmail(f"an e-mail address looks like name@example.com and has at most {User.MAX_EMAIL} characters")
    return text


def valid_full_name(text: str | None) -> str | None:
    """Trimmed; None for no name. Raises InvalidFullName."""
    if text is None:
        return None
    name = text.strip()
    if not 1 <= len(name) <= User.MAX_FULL_NAME or is_blank(name) or not is_storable(name):
        raise InvalidFullName(
            f"a full name has 1 to {User.MAX_FULL_NAME} characters, something visible, no NUL and no lone surrogate"
        )
    return name


def valid_timezone(name: str) -> str:
    """Raises InvalidTimeZone unless it is a name of the IANA time zone database."""
    if name not in _timezones():
        raise InvalidTimeZone("a time zone is an IANA name such as Europe/Berlin")
    return name


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime"}  # the machine's own, whichever that is
