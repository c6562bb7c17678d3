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
    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    email: EmailText | MISSING = MISSING
    full_name: FullNameText | None | MISSING = MISSING
    timezone: TimeZoneName | MISSING = MISSING
    current_password: Password | MISSING = Field(
        MISSING, repr=False, description="Required to change your own `email` to another one. Otherwise ignored."
    )

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
    role: RoleName | MISSING = MISSING
    is_active: bool | MISSING = MISSING


class EraseBody(Body):
    password: Password = Field(repr=False)


class CreateUserBody(RegisterBody):
    role: RoleName = Role.USER
    is_active: bool = True

    def to_command(self) -> CreateUser:
        return CreateUser(**self.model_dump(exclude={"confirm_password"}))


if TYPE_CHECKING:
    UserFilterQuery = FilterQuery
else:
    UserFilterQuery = filter_query(UserFilter)


class ListUsersQuery(UserFilterQuery):
    sort_by: Annotated[UserSortField, Field(strict=False)] = UserSortField.CREATED_AT
    sort_order: Literal["asc", "desc"] = "desc"

    def to_query(self) -> ListUsers:
        return ListUsers(
            filter=self.to_filter(UserFilter),
            order=UserOrder(self.sort_by, self.sort_order == "desc"),
            paging=self.to_paging(),
        )


@dataclass(slots=True)
class UserPageView(PageView):
    items: list[UserView]

    @classmethod
    def of(cls, page: Page[User]) -> Self:
        return cls.from_page(page, UserView.of)
