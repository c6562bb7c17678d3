from starlette.requests import Request

from application.identity.sessions import AuthenticatedCaller
from domain.identity.actor import Actor
from entrypoints.http.framework import cookies
from entrypoints.http.framework.context import context_of
from entrypoints.http.framework.http_errors import CsrfFailed, NotAuthenticated
from entrypoints.wiring.services import Services


async def authenticate(request: Request, services: Services, route: str) -> AuthenticatedCaller:
    """Return the caller by bearer token (RFC 6750), or else by cookie. A refused cookie is a security event.

    Raises:
        NotAuthenticated: The request has neither, or a malformed Authorization header.
        InvalidToken: The token is not valid.
        CsrfFailed: A page of another origin sent the request with the cookie.
    """
    headers = request.headers.getlist("authorization")
    if headers:
        scheme, _, token = headers[0].partition(" ")
        if len(headers) > 1 or scheme.lower() != "bearer" or not token:
            raise NotAuthenticated("this request needs exactly one bearer token")
        return await services.sessions.authenticate(token.strip(" "))
    if cookie := cookies.get_access_token(request):
        caller = await services.sessions.authenticate(cookie)
        try:
            cookies.require_same_origin(request)
        except CsrfFailed as error:
            await services.refusals.record_forbidden(caller.actor.user_id, error.code, route)
            raise
        return caller
    raise NotAuthenticated("this request needs a bearer token")


def current_caller(request: Request) -> AuthenticatedCaller:
    """Return the caller. A route with this parameter refuses requests without a valid token before all other checks."""
    caller = context_of(request).caller
    assert caller is not None
    return caller


def current_actor(request: Request) -> Actor:
    """Return the actor, for routes that need the caller but not the session."""
    return current_caller(request).actor
