import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import ClassVar, Final, NewType, Self, TypedDict, Unpack
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from domain.errors import InvalidValue
from domain.text import fold, has_controls, is_blank, is_storable

UserId = NewType("UserId", UUID)

USERNAME_PATTERN: Final = "^[A-Za-z0-9_-]{3,50}$"
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
EMAIL_PATTERN: Final = rf"^(?=.{{1,64}}@)(?!.*=\?){_ATOM}(?:\.{_ATOM})*@(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})+$"
"""A dot-atom, an @ and a domain of at least two labels, in ASCII (RFC 5321, section 4.1.2).

The local part has no `=?`, which starts an encoded word (RFC 2047): programs that decode it would send the mail to
another mailbox."""

_USERNAME = re.compile(USERNAME_PATTERN)
_EMAIL = re.compile(EMAIL_PATTERN)


class Role(StrEnum):
    """What a user may do. Roles sort in this order, which is also the order of their rights.

    A manager reads the data of all users. An admin does that too, and manages accounts.
    """

    USER = "user"
    MANAGER = "manager"
    ADMIN = "admin"


class UserChanges(TypedDict, total=False):
    """The fields that an edit may change. Absent fields keep their values; None clears an optional field."""

    email: str
    full_name: str | None
    timezone: str
    role: Role
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account.

    `register` validates all fields, and `edit` those that it changes. Storages call the constructor, which validates
    none: a stored value may be older than a rule.
    """

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
        """Return a new user in version 1.

        Raises:
            InvalidValue: A field breaks its rule.
        """
        return cls(
            id=id,
            username=validate_username(username),
            email=validate_email(email),
            full_name=validate_full_name(full_name),
            role=role,
            is_active=is_active,
            timezone=validate_timezone(timezone),
            password_hash=password_hash,
            created_at=at,
            updated_at=at,
            version=1,
        )

    def edit(self, *, at: datetime, **changes: Unpack[UserChanges]) -> Self:
        """Return the next version of the user with `changes`, or the same object if they change nothing.

        Raises:
            InvalidValue: A field breaks its rule.
        """
        edited = replace(
            self,
            email=validate_email(changes["email"]) if "email" in changes else self.email,
            full_name=validate_full_name(changes["full_name"]) if "full_name" in changes else self.full_name,
            timezone=validate_timezone(changes["timezone"]) if "timezone" in changes else self.timezone,
            role=changes.get("role", self.role),
            is_active=changes.get("is_active", self.is_active),
        )
        return self if edited == self else edited._next_version(at)

    def with_password(self, password_hash: str, *, at: datetime) -> Self:
        """Return the next version of the user with another password hash."""
        return replace(self, password_hash=password_hash)._next_version(at)

    def _next_version(self, at: datetime) -> Self:
        """No version is older than the one before, although clocks differ."""
        return replace(self, updated_at=max(at, self.updated_at), version=self.version + 1)

    @property
    def is_active_admin(self) -> bool:
        """Whether the user may administer accounts."""
        return self.is_active and self.role is Role.ADMIN

    @property
    def search_text(self) -> str:
        """The text that a search for users matches."""
        return "\n".join((fold(self.username), fold(self.email), fold(self.full_name or "")))

    @property
    def zone(self) -> ZoneInfo:
        """The user's time zone."""
        return ZoneInfo(self.timezone)


def normalize_login(name: str) -> str:
    """Return a username or e-mail address in the form in which it is unique: case is ignored."""
    return name.casefold()


def validate_username(text: str) -> str:
    """Return the username unchanged.

    Raises:
        InvalidValue: The text is no valid username.
    """
    if not _USERNAME.fullmatch(text):
        raise InvalidValue(
            "username", "invalid_username", "username must have 3 to 50 of the characters A-Z a-z 0-9 _ -"
        )
    return text


def validate_email(text: str) -> str:
    """Return the e-mail address unchanged.

    Raises:
        InvalidValue: The text is no valid e-mail address.
    """
    if len(text) > User.MAX_EMAIL or not _EMAIL.fullmatch(text):
        raise InvalidValue(
            "email",
            "invalid_email",
            f"e-mail address must look like name@example.com, have at most {User.MAX_EMAIL} characters and no =?",
        )
    return text


def validate_full_name(text: str | None) -> str | None:
    """Return the full name without leading and trailing white space. None means no name.

    Raises:
        InvalidValue: The name is blank or too long, or contains a control character, a bidi control or a lone
            surrogate.
    """
    if text is None:
        return None
    name = text.strip()
    if len(name) > User.MAX_FULL_NAME or is_blank(name) or has_controls(text) or not is_storable(name):
        raise InvalidValue(
            "full_name",
            "invalid_full_name",
            f"full name must have 1 to {User.MAX_FULL_NAME} characters, and no control or bidi characters",
        )
    return name


def validate_timezone(name: str) -> str:
    """Return the name unchanged.

    Raises:
        InvalidValue: The IANA time zone database has no zone of this name.
    """
    if name not in _timezones():
        raise InvalidValue("timezone", "invalid_time_zone", "time zone must be an IANA name such as Europe/Berlin")
    return name


@cache
def _timezones() -> frozenset[str]:
    # "localtime" is the zone of this machine and no IANA name; "Factory" is a placeholder for a machine without zone
    return frozenset(available_timezones()) - {"localtime", "Factory"}
