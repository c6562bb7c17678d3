"""Filters and orders of users. They specify what the queries of every storage return."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, cast

from domain.calendar import is_microseconds, microseconds
from domain.errors import InvalidValue
from domain.identity.user import Role, User, normalize_login
from domain.text import fold, is_storable

ROLE_RANKS = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Conditions on users. A user must meet all of them; None and a blank search are no conditions.

    Raises:
        InvalidValue: The search is too long or contains NUL or a lone surrogate.
    """

    MAX_SEARCH: ClassVar = 200

    search: str = ""
    role: Role | None = None
    is_active: bool | None = None

    def __post_init__(self) -> None:
        if len(self.search) > self.MAX_SEARCH or not is_storable(self.search):
            raise InvalidValue(
                "search",
                "invalid_search",
                f"search must have at most {self.MAX_SEARCH} characters, and no NUL or lone surrogates",
            )

    @property
    def signature(self) -> dict[str, object]:
        """The conditions under stable names. Cursors contain a digest of them."""
        return {"search": self.search, "role": self.role, "is_active": self.is_active}

    @property
    def words(self) -> tuple[str, ...]:
        """The folded words of the search. All of them must occur in a user's `search_text`."""
        return tuple(dict.fromkeys(fold(self.search).split()))

    def match(self, user: User) -> bool:
        """Return whether a user meets all conditions."""
        return (
            (self.role is None or user.role is self.role)
            and (self.is_active is None or user.is_active is self.is_active)
            and all(word in user.search_text for word in self.words)
        )


class UserSortField(StrEnum):
    """The fields that users can be sorted by."""

    CREATED_AT = "created_at"
    USERNAME = "username"
    EMAIL = "email"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class UserOrder:
    """A sort order of users. Users with equal keys are sorted by id, in the same direction."""

    field: UserSortField = UserSortField.CREATED_AT
    descending: bool = True

    @property
    def signature(self) -> dict[str, object]:
        """The order under stable names. Cursors contain a digest of it."""
        return {"field": self.field, "descending": self.descending}

    def key(self, user: User) -> int | str:
        """Return the sort key of a user: microseconds since the epoch, the rank of a role, or text by code point."""
        match self.field:
            case UserSortField.CREATED_AT:
                return microseconds(user.created_at)
            case UserSortField.USERNAME:
                return normalize_login(user.username)
            case UserSortField.EMAIL:
                return normalize_login(user.email)
            case UserSortField.ROLE:
                return ROLE_RANKS[user.role]

    def validate_key(self, key: object) -> int | str:
        """Return a sort key that a client sent.

        Raises:
            ValueError: No user can have this key.
        """
        match self.field:
            case UserSortField.CREATED_AT:
                is_valid = is_microseconds(key)
            case UserSortField.USERNAME | UserSortField.EMAIL:
                is_valid = isinstance(key, str) and is_storable(key)
            case UserSortField.ROLE:
                is_valid = type(key) is int and 0 <= key < len(Role)
        if not is_valid:
            raise ValueError("no user can have this sort key")
        return cast(int | str, key)
