"""Filters and orders of users. They specify what the queries of every storage return."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, cast

from domain.calendar import is_microseconds, microseconds
from domain.filters import MAX_SEARCH, Condition, ContainsWords, Criteria, Filter, check_search, filter_field
from domain.identity.user import Role, User, normalize_login
from domain.text import is_storable

ROLE_RANKS = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class RoleIs(Condition[User]):
    """The user has the role."""

    role: Role

    def match(self, user: User, /) -> bool:
        """Return whether the user has the role."""
        return user.role is self.role


@dataclass(frozen=True, slots=True)
class IsActive(Condition[User]):
    """The user is active, or else not, as expected."""

    expected: bool

    def match(self, user: User, /) -> bool:
        """Return whether the user is active if this is expected, or not active otherwise."""
        return user.is_active is self.expected


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter(Filter):
    """Conditions on users. A user must meet all of them; None and a blank search are no conditions.

    Raises:
        InvalidValue: The search is too long or contains NUL or a lone surrogate.
    """

    MAX_SEARCH: ClassVar = MAX_SEARCH

    search: str = filter_field("", ContainsWords.of)
    """Only users where each word is part of the username, the e-mail address or the full name, ignoring case. At most
    200 characters.
    """
    role: Role | None = filter_field(None, RoleIs)
    """Only users with this role."""
    is_active: bool | None = filter_field(None, IsActive)
    """Only users who may log in, or only users who may not."""

    def __post_init__(self) -> None:
        check_search(self.search)

    def to_criteria(self) -> Criteria[User]:
        """Return the conditions."""
        return Criteria(self.conditions())

    def match(self, user: User) -> bool:
        """Return whether a user meets all conditions."""
        return self.to_criteria().match(user)


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
