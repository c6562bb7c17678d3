from typing import Annotated, cast

from starlette.requests import Request

from application.identity.sessions import Caller, SessionService
from domain.identity.actor import Actor
from entrypoints.http.framework import cookies
from entrypoints.http.framework.errors import NotAuthenticated
from entrypoints.http.framework.inject import Taken


async def authenticate(request: Request) -> Caller:
    """By bearer token (RFC 6750), or else by cookie.

    Raises NotAuthenticated without either, InvalidToken for a wrong one, CsrfFailed for a cookie used by others.
    """
    sessions: SessionService = request.app.state.container.session_service()
    headers = request.headers.getlist("authorization")
    if headers:
        scheme, _, token = headers[0].partition(" ")
        if len(headers) > 1 or scheme.lower() != "bearer" or not token:
            raise NotAuthenticated("this needs one bearer token")
        return await sessions.authenticate(token.strip(" "))
    if cookie := cookies.access_token_in(request):
        caller = await sessions.authenticate(cookie)
        cookies.require_same_origin(request)
        return caller
    raise NotAuthenticated("this needs a bearer token")


def current_caller(request: Request) -> Caller:
    """A route that takes this is refused to callers without a valid token, before all else."""
    return cast(Caller, request.state.caller)


def current_actor(request: Request) -> Actor:
    """As `current_caller`, for routes that do not care about the session."""
    return cast(Caller, request.state.caller).actor


CurrentCaller = Annotated[Caller, Taken(current_caller)]


CurrentActor = Annotated[Actor, Taken(current_actor)]
