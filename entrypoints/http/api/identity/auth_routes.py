from contextlib import suppress
from http import HTTPStatus
from typing import Annotated

from fastapi import Form, Request, Response

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
from entrypoints.http.api.dependencies import App, ClientAddress, CurrentCaller
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
from entrypoints.http.framework.client import client_info
from entrypoints.http.framework.http_errors import NotAuthenticated
from entrypoints.http.framework.rate_limits import RateLimitClass
from entrypoints.http.framework.router import Router

router = Router("/api/v1/auth", tag="auth")


@router.post(
    "/register",
    status=HTTPStatus.CREATED,
    errors=[UsernameTaken, EmailTaken, WeakPassword],
    rate_limit=RateLimitClass.REGISTER,
    location="/api/v1/users/{id}",
    is_versioned=True,
)
async def register(body: RegisterBody, app: App) -> UserView:
    return UserView.of(await app.accounts.register(body.to_command()))


@router.post("/login", errors=[InvalidCredentials], rate_limit=RateLimitClass.LOGIN)
async def log_in(body: LoginBody, request: Request, app: App) -> LoginView:
    return LoginView.of(await app.sessions.log_in(body.username, body.password, client_info(request)))


@router.post("/login/access-token", errors=[InvalidCredentials], rate_limit=RateLimitClass.LOGIN)
async def log_in_by_form(form: Annotated[LoginForm, Form()], request: Request, app: App) -> LoginView:
    return LoginView.of(await app.sessions.log_in(form.username, form.password, client_info(request)))


@router.post(
    "/login/cookie",
    status=HTTPStatus.NO_CONTENT,
    errors=[InvalidCredentials, Forbidden],
    rate_limit=RateLimitClass.LOGIN,
)
async def log_in_by_cookie(body: LoginBody, request: Request, app: App) -> Response:
    cookies.reject_cross_origin(request)
    tokens = await app.sessions.log_in(body.username, body.password, client_info(request))
    return cookies.set_session_cookies(request, tokens, Response(status_code=HTTPStatus.NO_CONTENT))


@router.post(
    "/refresh",
    errors=[InvalidToken, Forbidden],
    responses={204: {"description": "New cookies, for a request with cookies"}},
    response_model=LoginView,
    rate_limit=RateLimitClass.LOGIN,
)
async def refresh(request: Request, app: App, body: RefreshBody | None = None) -> LoginView | Response:
    if body is not None:
        return LoginView.of(await app.sessions.refresh(body.refresh_token))
    token = cookies.get_refresh_token(request)
    if token is None:
        raise NotAuthenticated("this request needs a refresh token")
    cookies.require_same_origin(request)
    tokens = await app.sessions.refresh(token)
    return cookies.set_session_cookies(request, tokens, Response(status_code=HTTPStatus.NO_CONTENT))


@router.post("/logout", status=HTTPStatus.NO_CONTENT)
async def log_out(caller: CurrentCaller, request: Request, app: App) -> Response:
    with suppress(SessionNotFound):  # another request has just ended the session
        await app.sessions.revoke(caller.actor, caller.session_id)
    return cookies.clear_session_cookies(request, Response(status_code=HTTPStatus.NO_CONTENT))


@router.post("/logout/all", status=HTTPStatus.NO_CONTENT)
async def log_out_everywhere(caller: CurrentCaller, request: Request, app: App) -> Response:
    await app.sessions.revoke_all(caller.actor)
    return cookies.clear_session_cookies(request, Response(status_code=HTTPStatus.NO_CONTENT))


@router.get("/sessions")
async def list_sessions(caller: CurrentCaller, app: App) -> SessionsView:
    found = await app.sessions.list_sessions(caller.actor)
    return SessionsView(items=[SessionView.of(session, caller.session_id) for session in found])


@router.delete("/sessions/{session_id}", status=HTTPStatus.NO_CONTENT, errors=[SessionNotFound])
async def end_session(session_id: SessionIdInPath, caller: CurrentCaller, app: App) -> None:
    await app.sessions.revoke(caller.actor, session_id)


@router.get("/me", is_versioned=True)
async def get_current_user(caller: CurrentCaller, app: App) -> UserView:
    return UserView.of(await app.users.get(caller.actor, caller.actor.user_id))


@router.post("/password", status=HTTPStatus.NO_CONTENT, errors=[WrongPassword, WeakPassword])
async def change_password(body: ChangePasswordBody, caller: CurrentCaller, app: App, address: ClientAddress) -> None:
    await app.passwords.change(caller.actor, caller.session_id, body.current_password, body.new_password, address)


@router.post("/password-reset", status=HTTPStatus.ACCEPTED, response_class=Response, rate_limit=RateLimitClass.LOGIN)
async def request_password_reset(body: RequestResetBody, app: App) -> Response:
    await app.passwords.request_reset(body.email)
    return Response(status_code=HTTPStatus.ACCEPTED)


@router.post(
    "/password-reset/confirm",
    status=HTTPStatus.NO_CONTENT,
    errors=[InvalidResetToken, WeakPassword],
    rate_limit=RateLimitClass.LOGIN,
)
async def reset_password(body: ResetPasswordBody, app: App) -> None:
    await app.passwords.reset(body.token, body.new_password)
