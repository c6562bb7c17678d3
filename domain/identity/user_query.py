"""Which users, in which order: the specification that every storage's queries are held to."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, cast

from domain.calendar import FIRST_MICROSECOND, LAST_MICROSECOND, microseconds
from domain.errors import InvalidSearch
from domain.identity.user import Role, User, name_key
from domain.text import fold, is_storable

RANK_OF_ROLE = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Conditions are all to be met; None and a blank search ask for nothing.

    Raises InvalidSearch for a search that is too long or holds NUL or a lone surrogate.
    """

    MAX_SEARCH: ClassVar = 200

    search: str = ""
    role: Role | None = None
    is_active: bool | None = None

    def __post_init__(self) -> None:
        if len(self.search) > self.MAX_SEARCH or not is_storable(self.search):
            raise InvalidSearch(f"a search has at most {self.MAX_SEARCH} characters, no NUL and no lone surrogate")

    @property
    def words(self) -> tuple[str, ...]:
        """All of them must occur."""
        return tuple(dict.fromkeys(fold(self.search).split()))

    def match(self, user: User) -> bool:
        return (
            (self.role is None or user.role is self.role)
            and (self.is_active is None or user.is_active is self.is_active)
            and all(word in user.search_text for word in self.words)
        )


class UserSortField(StrEnum):
    CREATED_AT = "created_at"
    USERNAME = "username"
    EMAIL = "email"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class UserOrder:
    """Ties are broken by id, in the same direction."""

    field: UserSortField = UserSortField.CREATED_AT
    descending: bool = True

    def key(self, user: User) -> int | str:
        """What users are compared by: microseconds, ranks, or text by code point."""
        match self.field:
            case UserSortField.CREATED_AT:
                return microseconds(user.created_at)
            case UserSortField.USERNAME:
                return name_key(user.username)
            case UserSortField.EMAIL:
                return name_key(user.email)
            case UserSortField.ROLE:
                return RANK_OF_ROLE[user.role]

    def valid_key(self, key: object) -> int | str:
        """A key that came from outside. Raises ValueError if no user could have it."""
        match self.field:
            case UserSortField.CREATED_AT:
                is_valid = type(key) is int and FIRST_MICROSECOND <= key <= LAST_MICROSECOND
            case UserSortField.USERNAME | UserSortField.EMAIL:
                is_valid = isinstance(key, str) and is_storable(key)
            case UserSortField.ROLE:
                is_valid = type(key) is int and 0 <= key < len(Role)
        if not is_valid:
            raise ValueError("no user has such a sort key")
        return cast(int | str, key)
