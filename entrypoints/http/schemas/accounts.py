from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import MISSING, ConfigDict, Field, model_validator

from application.accounts import Login, RegisterUser
from domain.user import Role, User
from entrypoints.http.schemas.body import Body, View
from entrypoints.http.schemas.fields import (
    EmailText,
    FullNameText,
    LoginName,
    NewPassword,
    Password,
    TimeZoneName,
    UsernameText,
)


class RegisterBody(Body):
    username: UsernameText
    email: EmailText
    password: NewPassword = Field(repr=False)
    confirm_password: NewPassword | MISSING = Field(MISSING, repr=False)
    full_name: FullNameText | None = None
    timezone: TimeZoneName = "UTC"

    @model_validator(mode="after")
    def _refuse_another_password(self) -> Self:
        if "confirm_password" in self.model_fields_set and self.confirm_password != self.password:
            raise ValueError("the passwords are not the same")
        return self

    def to_command(self) -> RegisterUser:
        return RegisterUser(
            username=self.username,
            email=self.email,
            password=self.password,
            full_name=self.full_name,
            timezone=self.timezone,
        )


class LoginBody(Body):
    username: LoginName = Field(description="username or e-mail address")
    password: Password = Field(repr=False)


class LoginForm(Body):
    """The resource owner password credentials grant (RFC 6749, section 4.3.2)."""

    model_config = ConfigDict(extra="forbid", strict=False)

    grant_type: Literal["password"] | None = None
    username: LoginName
    password: Password = Field(repr=False)
    scope: str = ""
    client_id: str | None = None
    client_secret: str | None = Field(None, repr=False)


class UserView(View):
    id: UUID
    username: str
    email: str
    full_name: str | None
    role: Role
    is_active: bool
    timezone: str
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            id=user.id,
            username=user.username,
            email=user.email,
            full_name=user.full_name,
            role=user.role,
            is_active=user.is_active,
            timezone=user.timezone,
            version=user.version,
            created_at=user.created_at,
            updated_at=user.updated_at,
        )


class LoginView(View):
    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    user: UserView

    @classmethod
    def of(cls, login: Login) -> Self:
        return cls(
            access_token=login.access_token.text,
            token_type="bearer",  # noqa: S106 - a scheme, not a secret
            expires_in=login.access_token.expires_in,
            user=UserView.of(login.user),
        )
