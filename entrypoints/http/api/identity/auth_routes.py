from contextlib import suppress
from http import HTTPStatus
from typing import Annotated

from fastapi import Form, Request, Response

from domain.errors import (
    EmailTaken,
    InvalidCredentials,
    InvalidToken,
    SessionNotFound,
    UsernameTaken,
    WeakPassword,
)
from entrypoints.http.api.dependencies import App, CurrentCaller
from entrypoints.http.api.identity import examples
from entrypoints.http.api.identity.auth_schemas import (
    LoginBody,
    LoginForm,
    LoginView,
    RefreshBody,
    RegisterBody,
    SessionsView,
    SessionView,
    UserView,
)
from entrypoints.http.api.paths import SessionIdInPath
from entrypoints.http.framework import cookies
from entrypoints.http.framework.client import client_info
from entrypoints.http.framework.http_errors import CsrfFailed, NotAuthenticated
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
    example=examples.REGISTER,
)
async def register(body: RegisterBody, app: App) -> UserView:
    """Register an account.

    Anyone can register. The account has the role `user`, and its owner can log in at once. The service sends a welcome
    mail.

    Returns:
        The new account.
    """
    return UserView.of(await app.accounts.register(body.to_command()))


@router.post("/login", errors=[InvalidCredentials], rate_limit=RateLimitClass.LOGIN, example=examples.LOG_IN)
async def log_in(body: LoginBody, request: Request, app: App) -> LoginView:
    """Log in.

    The response is the same for an unknown username, a wrong password and an inactive account, and it takes the same
    time. Besides the limit of the address, wrong passwords of one account are limited to 100 an hour.

    Returns:
        The tokens of a new session.
    """
    return LoginView.of(await app.sessions.log_in(body.username, body.password, client_info(request)))


@router.post(
    "/login/access-token", errors=[InvalidCredentials], rate_limit=RateLimitClass.LOGIN, example=examples.LOG_IN_BY_FORM
)
async def log_in_by_form(form: Annotated[LoginForm, Form()], request: Request, app: App) -> LoginView:
    """Log in with an OAuth 2.0 form.

    This is the password grant of OAuth 2.0 for tools that know it, such as **Authorize** on `/docs`. Other clients use
    `POST /api/v1/auth/login`, which does the same with JSON.

    Returns:
        The tokens of a new session.
    """
    return LoginView.of(await app.sessions.log_in(form.username, form.password, client_info(request)))


@router.post(
    "/login/cookie",
    status=HTTPStatus.NO_CONTENT,
    errors=[InvalidCredentials, CsrfFailed],
    rate_limit=RateLimitClass.LOGIN,
    example=examples.LOG_IN_BY_COOKIE,
)
async def log_in_by_cookie(body: LoginBody, request: Request, app: App) -> Response:
    """Log in with cookies.

    For applications in a browser. The tokens are in cookies that scripts cannot read (`HttpOnly`, `SameSite=Lax`). The
    request must come from a page of the same origin.

    Returns:
        The cookies are set. The response has no body.
    """
    cookies.reject_cross_origin(request)
    tokens = await app.sessions.log_in(body.username, body.password, client_info(request))
    return cookies.set_session_cookies(request, tokens, Response(status_code=HTTPStatus.NO_CONTENT))


@router.post(
    "/refresh",
    errors=[InvalidToken, NotAuthenticated, CsrfFailed],
    responses={204: {"description": "New cookies are set, because the request had cookies. The response has no body."}},
    response_model=LoginView,
    rate_limit=RateLimitClass.LOGIN,
    example=examples.REFRESH,
)
async def refresh(request: Request, app: App, body: RefreshBody | None = None) -> LoginView | Response:
    """Refresh the tokens.

    Send the refresh token in the body and get two new tokens, or send no body and get new cookies if the request has
    the cookies of a login. Each refresh token works once. A used one is refused and ends its session, because it may
    have been stolen.

    Returns:
        The next tokens of the session.
    """
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
    """Log out.

    Ends the session of this request. Its tokens are refused from the next request on, and its cookies are cleared.

    Returns:
        The session has ended. The response has no body.
    """
    with suppress(SessionNotFound):  # another request has just ended the session
        await app.sessions.revoke(caller.actor, caller.session_id)
    return cookies.clear_session_cookies(request, Response(status_code=HTTPStatus.NO_CONTENT))


@router.post("/logout/all", status=HTTPStatus.NO_CONTENT)
async def log_out_everywhere(caller: CurrentCaller, request: Request, app: App) -> Response:
    """Log out everywhere.

    Ends all sessions of the caller on all devices, including this one.

    Returns:
        All sessions have ended. The response has no body.
    """
    await app.sessions.revoke_all(caller.actor)
    return cookies.clear_session_cookies(request, Response(status_code=HTTPStatus.NO_CONTENT))


@router.get("/sessions", example=examples.LIST_SESSIONS)
async def list_sessions(caller: CurrentCaller, app: App) -> SessionsView:
    """List sessions.

    Lists the devices on which the caller is logged in, the last used one first. There are at most 100, so there are no
    pages.

    Returns:
        The sessions of the caller.
    """
    found = await app.sessions.list_sessions(caller.actor)
    return SessionsView(items=[SessionView.of(session, caller.session_id) for session in found])


@router.delete(
    "/sessions/{session_id}", status=HTTPStatus.NO_CONTENT, errors=[SessionNotFound], example=examples.END_SESSION
)
async def end_session(session_id: SessionIdInPath, caller: CurrentCaller, app: App) -> None:
    """End a session.

    Logs the caller out on one device. Its tokens are refused from the next request on.

    Returns:
        The session has ended. The response has no body.
    """
    await app.sessions.revoke(caller.actor, session_id)


@router.get("/me", is_versioned=True, example=examples.GET_ME)
async def get_current_user(caller: CurrentCaller, app: App) -> UserView:
    """Get the current user.

    The same as `GET /api/v1/users/me`, for clients that expect it at this path.

    Returns:
        The account of the caller.
    """
    return UserView.of(await app.users.get(caller.actor, caller.actor.user_id))
