from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self

from pydantic import MISSING, ConfigDict, Field, model_validator

from application.identity.registration import RegisterUser
from application.identity.sessions import IssuedTokens
from domain.identity.password import normalize_password
from domain.identity.session import Session, SessionId
from domain.identity.user import User
from entrypoints.http.schemas.body import Body
from entrypoints.http.schemas.fields import (
    EmailText,
    FullNameText,
    IdText,
    LoginName,
    NewPassword,
    Password,
    RoleText,
    TimeZoneName,
    UsernameText,
)


class RegisterBody(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"username": "ann", "email": "ann@example.com", "password": "Correct-Horse-7"}],
        }
    )

    username: UsernameText
    email: EmailText
    password: NewPassword = Field(repr=False)
    confirm_password: NewPassword | MISSING = Field(MISSING, repr=False)
    full_name: FullNameText | None = None
    timezone: TimeZoneName = "UTC"

    @model_validator(mode="after")
    def _check_confirmation(self) -> Self:
        confirmation = self.confirm_password
        if isinstance(confirmation, str) and normalize_password(confirmation) != normalize_password(self.password):
            raise ValueError("password and confirm_password must be equal")
        return self

    def to_command(self) -> RegisterUser:
        return RegisterUser(**self.model_dump(exclude={"confirm_password"}))


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


class RefreshBody(Body):
    refresh_token: str = Field(repr=False)


class ChangePasswordBody(Body):
    current_password: Password = Field(repr=False)
    new_password: NewPassword = Field(repr=False)


class RequestResetBody(Body):
    email: EmailText


class ResetPasswordBody(Body):
    token: str = Field(repr=False)
    new_password: NewPassword = Field(repr=False)


@dataclass(slots=True)
class UserView:
    id: IdText
    username: str
    email: str
    full_name: str | None
    role: RoleText
    is_active: bool
    timezone: str
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            id=str(user.id),
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


@dataclass(slots=True)
class LoginView:
    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    refresh_token: str
    user: UserView

    @classmethod
    def of(cls, tokens: IssuedTokens) -> Self:
        return cls(
            access_token=tokens.access_token.text,
            token_type="bearer",  # noqa: S106 - a scheme, not a secret
            expires_in=tokens.access_token.expires_in,
            refresh_token=tokens.refresh_token.text,
            user=UserView.of(tokens.user),
        )


@dataclass(slots=True)
class SessionView:
    id: IdText
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    user_agent: str | None
    ip_address: str | None
    is_current: bool

    @classmethod
    def of(cls, session: Session, current: SessionId | None) -> Self:
        return cls(
            id=str(session.id),
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            expires_at=session.expires_at,
            user_agent=session.user_agent,
            ip_address=session.ip_address,
            is_current=session.id == current,
        )


@dataclass(slots=True)
class SessionsView:
    items: list[SessionView]
