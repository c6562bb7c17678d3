from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, cast

from pydantic import MISSING, ConfigDict, Field, model_validator

from application.identity.registration import CreateUser
from application.identity.users import ListUsers
from application.platform.paging import Page
from domain.identity.user import Role, User, UserChanges
from domain.identity.user_query import UserFilter, UserOrder, UserSortField
from entrypoints.http.api.identity.auth_schemas import RegisterBody, UserView
from entrypoints.http.schemas.body import Body
from entrypoints.http.schemas.fields import EmailText, FullNameText, Password, RoleName, TimeZoneName
from entrypoints.http.schemas.filters import FilterQuery, filter_query
from entrypoints.http.schemas.paging import PageView


class EditMeBody(Body):
    """Changes of an account. Missing fields stay unchanged."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    email: EmailText | MISSING = MISSING
    """The new e-mail address, at most 254 characters and unique, ignoring case. A mail informs the old address."""
    full_name: FullNameText | None | MISSING = MISSING
    """The new name as other people see it: 1 to 100 visible characters. Null clears it."""
    timezone: TimeZoneName | MISSING = MISSING
    """The new time zone, an IANA name such as `Europe/Berlin`."""
    current_password: Password | MISSING = Field(MISSING, repr=False)
    """The password of the caller. It is required to change your own `email`, and ignored otherwise."""

    @model_validator(mode="after")
    def _require_a_field(self) -> Self:
        if not self.to_changes():
            raise ValueError("at least one field must be present besides current_password")
        return self

    @property
    def password(self) -> str | None:
        return None if self.current_password is MISSING else self.current_password

    def to_changes(self) -> UserChanges:
        present: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set - {"current_password"}}
        return cast(UserChanges, present)


class EditUserBody(EditMeBody):
    """Changes of any account by an admin. Missing fields stay unchanged."""

    role: RoleName | MISSING = MISSING
    """The new role. It applies from the next request of the user. Only admins may change it."""
    is_active: bool | MISSING = MISSING
    """Whether the user may log in. `false` ends all sessions and reset links. Only admins may change it."""


class EraseBody(Body):
    """The confirmation that the account may be erased."""

    password: Password = Field(repr=False)
    """The password of the caller."""


class CreateUserBody(RegisterBody):
    """A new account for another person."""

    role: RoleName = Role.USER
    """The role of the new user. `user` by default."""
    is_active: bool = True
    """Whether the new user may log in. `true` by default."""

    def to_command(self) -> CreateUser:
        return CreateUser(**self.model_dump(exclude={"confirm_password"}))


if TYPE_CHECKING:
    UserFilterQuery = FilterQuery
else:
    UserFilterQuery = filter_query(UserFilter)


class ListUsersQuery(UserFilterQuery):
    sort_by: Annotated[UserSortField, Field(strict=False)] = UserSortField.CREATED_AT
    """The field that decides the order. Names sort ignoring case, roles in the order of their rights."""
    sort_order: Literal["asc", "desc"] = "desc"
    """Ascending or descending. Equal users are sorted by id in the same direction."""

    def to_query(self) -> ListUsers:
        return ListUsers(
            filter=self.to_filter(UserFilter),
            order=UserOrder(self.sort_by, self.sort_order == "desc"),
            paging=self.to_paging(),
        )


@dataclass(slots=True)
class UserPageView(PageView):
    """A page of users."""

    items: list[UserView]
    """The users of this page."""

    @classmethod
    def of(cls, page: Page[User]) -> Self:
        return cls.from_page(page, UserView.of)
