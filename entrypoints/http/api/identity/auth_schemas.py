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
    """A new account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"username": "ann", "email": "ann@example.com", "password": "Correct-Horse-7"}],
        }
    )

    username: UsernameText
    """Your name for logins. It has 3 to 50 of the characters `A-Z a-z 0-9 _ -` and is unique, ignoring case."""
    email: EmailText
    """Your e-mail address. It has at most 254 characters and is unique, ignoring case."""
    password: NewPassword = Field(repr=False)
    """The password. It has 8 to 128 characters with an upper-case letter, a lower-case letter, a digit and a special
    character, or 15 to 128 characters if the service follows the rule of NIST. It must not be a common password, and
    must not contain the username or the name in the e-mail address.
    """
    confirm_password: NewPassword | MISSING = Field(MISSING, repr=False)
    """The same password again, to detect typing errors. It is compared if it is present."""
    full_name: FullNameText | None = None
    """Your name as other people see it: 1 to 100 visible characters, or null. Null by default."""
    timezone: TimeZoneName = "UTC"
    """Your time zone, an IANA name such as `Europe/Berlin`. It decides when your days start and when tasks are overdue.
    `UTC` by default.
    """

    @model_validator(mode="after")
    def _check_confirmation(self) -> Self:
        confirmation = self.confirm_password
        if isinstance(confirmation, str) and normalize_password(confirmation) != normalize_password(self.password):
            raise ValueError("password and confirm_password must be equal")
        return self

    def to_command(self) -> RegisterUser:
        return RegisterUser(**self.model_dump(exclude={"confirm_password"}))


class LoginBody(Body):
    """The credentials of a login."""

    username: LoginName = Field(description="username or e-mail address")
    """The username or the e-mail address, ignoring case."""
    password: Password = Field(repr=False)
    """The password of the account."""


class LoginForm(Body):
    """The resource owner password credentials grant (RFC 6749, section 4.3.2)."""

    model_config = ConfigDict(extra="forbid", strict=False)

    grant_type: Literal["password"] | None = None
    """The grant, which is `password`. It may be missing."""
    username: LoginName
    """The username or the e-mail address, ignoring case."""
    password: Password = Field(repr=False)
    """The password of the account."""
    scope: str = ""
    """The service ignores the scope, because tokens have the rights of their user."""
    client_id: str | None = None
    """The service ignores the id of the client. It has no registered clients."""
    client_secret: str | None = Field(None, repr=False)
    """The service ignores the secret of the client. It has no registered clients."""


class RefreshBody(Body):
    """A refresh token that is replaced by a new one."""

    refresh_token: str = Field(repr=False)
    """The refresh token of the last login or refresh. It works once."""


class ChangePasswordBody(Body):
    """A change of the password of a user who knows the current one."""

    current_password: Password = Field(repr=False)
    """The password before the change."""
    new_password: NewPassword = Field(repr=False)
    """The password after the change. It has 8 to 128 characters with an upper-case letter, a lower-case letter, a digit
    and a special character, or 15 to 128 characters if the service follows the rule of NIST. It must not be a common
    password, and must not contain the username or the name in the e-mail address.
    """


class RequestResetBody(Body):
    """A request for a mail to a user who has forgotten the password."""

    email: EmailText
    """The e-mail address of the account. A mail is sent only if the address is known."""


class ResetPasswordBody(Body):
    """A new password of a user who has received a reset mail."""

    token: str = Field(repr=False)
    """The token from the link in the mail. It works once, for 30 minutes. A weak password does not use it up."""
    new_password: NewPassword = Field(repr=False)
    """The password after the change. It has 8 to 128 characters with an upper-case letter, a lower-case letter, a digit
    and a special character, or 15 to 128 characters if the service follows the rule of NIST. It must not be a common
    password, and must not contain the username or the name in the e-mail address.
    """


@dataclass(slots=True)
class UserView:
    """A user account."""

    id: IdText
    """The id of the user. It never changes."""
    username: str
    """The name for logins, unique ignoring case. It never changes."""
    email: str
    """The e-mail address, unique ignoring case."""
    full_name: str | None
    """The name as other people see it, or null."""
    role: RoleText
    """What the user may do with the data of others."""
    is_active: bool
    """Whether the user may log in. Only an admin changes this."""
    timezone: str
    """The time zone of the user, an IANA name. It decides when days start and when tasks are overdue."""
    version: int
    """The version of the account, which is also its `ETag`. It is 1 at first and grows with each change."""
    created_at: datetime
    """When the account was created."""
    updated_at: datetime
    """When the account was last changed."""

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
    """The tokens of a new or continued session."""

    access_token: str
    """Authenticates requests in the header `Authorization: Bearer …`. It is a JWT, whose content may change."""
    token_type: Literal["bearer"]
    """The scheme to send the access token with."""
    expires_in: int
    """The number of seconds until the access token expires."""
    refresh_token: str
    """Gets the next two tokens from `POST /api/v1/auth/refresh`. It works once."""
    user: UserView
    """The user who is logged in."""

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
    """A session: a login on one device that can still be refreshed."""

    id: IdText
    """The id of the session."""
    created_at: datetime
    """When the user logged in."""
    last_used_at: datetime
    """When the session was last refreshed, or when it was created."""
    expires_at: datetime
    """When the session ends, however often it is refreshed."""
    user_agent: str | None
    """The `User-Agent` header of the login, with at most 255 characters, or null."""
    ip_address: str | None
    """The network address of the login, or null."""
    is_current: bool
    """Whether this request belongs to the session."""

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
    """All sessions of the caller."""

    items: list[SessionView]
    """The sessions that have not ended, at most 100."""
