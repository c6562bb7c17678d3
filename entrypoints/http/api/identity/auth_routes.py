from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from application.platform.rate_limits import RateLimitService
from domain.errors import (
    EmailTaken,
    Forbidden,
    InvalidCredentials,
    InvalidResetToken,
    InvalidToken,
    SessionNotFound,
    UsernameTaken,
    WeakPassword,
    WrongPassword,
)
from entrypoints.http.api.dependencies import Accounts, Passwords, RateLimits, Sessions
from entrypoints.http.api.identity.auth_schemas import (
    ChangePasswordBody,
    LoginBody,
    LoginForm,
    LoginView,
    RefreshBody,
    RegisterBody,
    RequestResetBody,
    ResetPasswordBody,
    SessionsView,
    SessionView,
    UserView,
)
from entrypoints.http.api.paths import SessionIdInPath
from entrypoints.http.framework import cookies
from entrypoints.http.framework.authentication import CurrentCaller
from entrypoints.http.framework.client import client_info
from entrypoints.http.framework.http_errors import NotAuthenticated
from entrypoints.http.framework.preconditions import etag
from entrypoints.http.framework.rate_limits import RateLimitClass, rate_limit_class
from entrypoints.http.framework.route import Route
from entrypoints.http.openapi.document import error_responses

router = APIRouter(prefix="/api/v1/auth", tags=["auth"], route_class=Route)


@router.post(
    "/register", status_code=HTTPStatus.CREATED, responses=error_responses(UsernameTaken, EmailTaken, WeakPassword)
)
@rate_limit_class(RateLimitClass.REGISTER)
async def register(body: RegisterBody, accounts: Accounts, response: Response) -> UserView:
    user = await accounts.register(body.to_command())
    response.headers["Location"] = f"/api/v1/users/{user.id}"
    response.headers["ETag"] = etag(user.version)
    return UserView.of(user)


@router.post("/login", responses=error_responses(InvalidCredentials))
@rate_limit_class(RateLimitClass.LOGIN)
async def log_in(body: LoginBody, request: Request, sessions: Sessions, rate_limits: RateLimits) -> LoginView:
    await _count_account(rate_limits, body.username)
    return LoginView.of(await sessions.log_in(body.username, body.password, client_info(request)))


@router.post("/login/access-token", responses=error_responses(InvalidCredentials))
@rate_limit_class(RateLimitClass.LOGIN)
async def log_in_by_form(
    form: Annotated[LoginForm, Form()], request: Request, sessions: Sessions, rate_limits: RateLimits
) -> LoginView:
    await _count_account(rate_limits, form.username)
    return LoginView.of(await sessions.log_in(form.username, form.password, client_info(request)))


@router.post(
    "/login/cookie", status_code=HTTPStatus.NO_CONTENT, responses=error_responses(InvalidCredentials, Forbidden)
)
@rate_limit_class(RateLimitClass.LOGIN)
async def log_in_by_cookie(body: LoginBody, request: Request, sessions: Sessions, rate_limits: RateLimits) -> Response:
    cookies.reject_cross_origin(request)
    await _count_account(rate_limits, body.username)
    tokens = await sessions.log_in(body.username, body.password, client_info(request))
    return cookies.set_session_cookies(request, tokens, Response(status_code=HTTPStatus.NO_CONTENT))


@router.post(
    "/refresh",
    responses={
        **error_responses(InvalidToken, Forbidden),
        204: {"description": "New cookies, for a request with cookies"},
    },
    response_model=LoginView,
)
@rate_limit_class(RateLimitClass.LOGIN)
async def refresh(request: Request, sessions: Sessions, body: RefreshBody | None = None) -> LoginView | Response:
    if body is not None:
        return LoginView.of(await sessions.refresh(body.refresh_token))
    token = cookies.get_refresh_token(request)
    if token is None:
        raise NotAuthenticated("this request needs a refresh token")
    cookies.require_same_origin(request)
    tokens = await sessions.refresh(token)
    return cookies.set_session_cookies(request, tokens, Response(status_code=HTTPStatus.NO_CONTENT))


@router.post("/logout", status_code=HTTPStatus.NO_CONTENT)
async def log_out(caller: CurrentCaller, request: Request, sessions: Sessions) -> Response:
    await sessions.revoke(caller.actor.user_id, caller.session_id)
    return cookies.clear_session_cookies(request, Response(status_code=HTTPStatus.NO_CONTENT))


@router.post("/logout/all", status_code=HTTPStatus.NO_CONTENT)
async def log_out_everywhere(caller: CurrentCaller, request: Request, sessions: Sessions) -> Response:
    await sessions.revoke_all(caller.actor.user_id)
    return cookies.clear_session_cookies(request, Response(status_code=HTTPStatus.NO_CONTENT))


@router.get("/sessions")
async def list_sessions(caller: CurrentCaller, sessions: Sessions) -> SessionsView:
    found = await sessions.list_sessions(caller.actor.user_id)
    return SessionsView(items=[SessionView.of(session, caller.session_id) for session in found])


@router.delete("/sessions/{session_id}", status_code=HTTPStatus.NO_CONTENT, responses=error_responses(SessionNotFound))
async def end_session(session_id: SessionIdInPath, caller: CurrentCaller, sessions: Sessions) -> None:
    await sessions.revoke(caller.actor.user_id, session_id)


@router.get("/me")
async def get_current_user(caller: CurrentCaller, accounts: Accounts, response: Response) -> UserView:
    user = await accounts.get(caller.actor.user_id)
    response.headers["ETag"] = etag(user.version)
    return UserView.of(user)


@router.post("/password", status_code=HTTPStatus.NO_CONTENT, responses=error_responses(WrongPassword, WeakPassword))
async def change_password(body: ChangePasswordBody, caller: CurrentCaller, passwords: Passwords) -> None:
    await passwords.change(caller.actor.user_id, caller.session_id, body.current_password, body.new_password)


@router.post("/password-reset", status_code=HTTPStatus.ACCEPTED, response_class=Response)
@rate_limit_class(RateLimitClass.LOGIN)
async def request_password_reset(body: RequestResetBody, passwords: Passwords, rate_limits: RateLimits) -> Response:
    await _count_account(rate_limits, body.email)
    await passwords.request_reset(body.email)
    return Response(status_code=HTTPStatus.ACCEPTED)


@router.post(
    "/password-reset/confirm",
    status_code=HTTPStatus.NO_CONTENT,
    responses=error_responses(InvalidResetToken, WeakPassword),
)
@rate_limit_class(RateLimitClass.LOGIN)
async def reset_password(body: ResetPasswordBody, passwords: Passwords) -> None:
    await passwords.reset(body.token, body.new_password)


async def _count_account(rate_limits: RateLimitService | None, name: str) -> None:
    if rate_limits is not None:
        await rate_limits.account(name)
