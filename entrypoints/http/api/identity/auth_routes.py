from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from application.platform.rate_limits import Throttle
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
from entrypoints.http.api.dependencies import Accounts, Passwords, Sessions, Throttled
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
from entrypoints.http.framework.client import device_of
from entrypoints.http.framework.errors import NotAuthenticated
from entrypoints.http.framework.preconditions import etag
from entrypoints.http.framework.rate_limits import Counts, counts_as
from entrypoints.http.framework.route import Route
from entrypoints.http.openapi.document import answers

router = APIRouter(prefix="/api/v1/auth", tags=["auth"], route_class=Route)


@router.post("/register", status_code=HTTPStatus.CREATED, responses=answers(UsernameTaken, EmailTaken, WeakPassword))
@counts_as(Counts.REGISTER)
async def register(body: RegisterBody, accounts: Accounts, response: Response) -> UserView:
    user = await accounts.register(body.to_command())
    response.headers["Location"] = f"/api/v1/users/{user.id}"
    response.headers["ETag"] = etag(user.version)
    return UserView.of(user)


@router.post("/login", responses=answers(InvalidCredentials))
@counts_as(Counts.LOGIN)
async def log_in(body: LoginBody, request: Request, sessions: Sessions, throttle: Throttled) -> LoginView:
    await _count_account(throttle, body.username)
    return LoginView.of(await sessions.log_in(body.username, body.password, device_of(request)))


@router.post("/login/access-token", responses=answers(InvalidCredentials))
@counts_as(Counts.LOGIN)
async def log_in_by_form(
    form: Annotated[LoginForm, Form()], request: Request, sessions: Sessions, throttle: Throttled
) -> LoginView:
    await _count_account(throttle, form.username)
    return LoginView.of(await sessions.log_in(form.username, form.password, device_of(request)))


@router.post("/login/cookie", status_code=HTTPStatus.NO_CONTENT, responses=answers(InvalidCredentials, Forbidden))
@counts_as(Counts.LOGIN)
async def log_in_by_cookie(body: LoginBody, request: Request, sessions: Sessions, throttle: Throttled) -> Response:
    cookies.refuse_foreign_origin(request)
    await _count_account(throttle, body.username)
    login = await sessions.log_in(body.username, body.password, device_of(request))
    return cookies.logged_in(request, login, Response(status_code=HTTPStatus.NO_CONTENT))


@router.post(
    "/refresh",
    responses={**answers(InvalidToken, Forbidden), 204: {"description": "By cookie: new cookies"}},
    response_model=LoginView,
)
@counts_as(Counts.LOGIN)
async def refresh(request: Request, sessions: Sessions, body: RefreshBody | None = None) -> LoginView | Response:
    if body is not None:
        return LoginView.of(await sessions.refresh(body.refresh_token))
    token = cookies.refresh_token_in(request)
    if token is None:
        raise NotAuthenticated("this needs a refresh token")
    cookies.require_same_origin(request)
    login = await sessions.refresh(token)
    return cookies.logged_in(request, login, Response(status_code=HTTPStatus.NO_CONTENT))


@router.post("/logout", status_code=HTTPStatus.NO_CONTENT)
async def log_out(caller: CurrentCaller, request: Request, sessions: Sessions) -> Response:
    await sessions.end(caller.actor.user_id, caller.session_id)
    return cookies.logged_out(request, Response(status_code=HTTPStatus.NO_CONTENT))


@router.post("/logout/all", status_code=HTTPStatus.NO_CONTENT)
async def log_out_everywhere(caller: CurrentCaller, request: Request, sessions: Sessions) -> Response:
    await sessions.end_all(caller.actor.user_id)
    return cookies.logged_out(request, Response(status_code=HTTPStatus.NO_CONTENT))


@router.get("/sessions")
async def list_sessions(caller: CurrentCaller, sessions: Sessions) -> SessionsView:
    found = await sessions.list(caller.actor.user_id)
    return SessionsView(items=[SessionView.of(session, caller.session_id) for session in found])


@router.delete("/sessions/{session_id}", status_code=HTTPStatus.NO_CONTENT, responses=answers(SessionNotFound))
async def end_session(session_id: SessionIdInPath, caller: CurrentCaller, sessions: Sessions) -> None:
    await sessions.end(caller.actor.user_id, session_id)


@router.get("/me")
async def get_current_user(caller: CurrentCaller, accounts: Accounts, response: Response) -> UserView:
    user = await accounts.profile(caller.actor.user_id)
    response.headers["ETag"] = etag(user.version)
    return UserView.of(user)


@router.post("/password", status_code=HTTPStatus.NO_CONTENT, responses=answers(WrongPassword, WeakPassword))
async def change_password(body: ChangePasswordBody, caller: CurrentCaller, passwords: Passwords) -> None:
    await passwords.change(caller.actor.user_id, caller.session_id, body.current_password, body.new_password)


@router.post("/password-reset", status_code=HTTPStatus.ACCEPTED, response_class=Response)
@counts_as(Counts.LOGIN)
async def request_password_reset(body: RequestResetBody, passwords: Passwords, throttle: Throttled) -> Response:
    await _count_account(throttle, body.email)
    await passwords.request_reset(body.email)
    return Response(status_code=HTTPStatus.ACCEPTED)


@router.post(
    "/password-reset/confirm",
    status_code=HTTPStatus.NO_CONTENT,
    responses=answers(InvalidResetToken, WeakPassword),
)
@counts_as(Counts.LOGIN)
async def reset_password(body: ResetPasswordBody, passwords: Passwords) -> None:
    await passwords.reset(body.token, body.new_password)


async def _count_account(throttle: Throttle | None, name: str) -> None:
    if throttle is not None:
        await throttle.account(name)
