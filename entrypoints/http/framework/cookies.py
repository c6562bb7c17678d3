"""Identity by cookie (RFC 6265bis), for browsers, and what keeps others from using it for them."""

from starlette.requests import Request
from starlette.responses import Response

from application.identity.sessions import Login
from entrypoints.http.framework.client import origin_of
from entrypoints.http.framework.errors import CsrfFailed
from entrypoints.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def access_token_in(request: Request) -> str | None:
    return request.cookies.get(_name(request, "access_token"))


def refresh_token_in(request: Request) -> str | None:
    return request.cookies.get(_name(request, "refresh_token"))


def logged_in(request: Request, login: Login, response: Response) -> Response:
    settings: Settings = request.app.state.settings
    lifetime = settings.refresh_token_expire_days * 86_400
    _set(request, response, "access_token", login.access_token.text, login.access_token.expires_in)
    _set(request, response, "refresh_token", login.refresh_token.text, lifetime)
    return response


def logged_out(request: Request, response: Response) -> Response:
    for name in ("access_token", "refresh_token"):
        if _name(request, name) in request.cookies:
            _set(request, response, name, "", 0)
    return response


def require_same_origin(request: Request) -> None:
    """For a request that carries its identity by cookie and changes something. Raises CsrfFailed unless the
    browser says that it comes from a page of this service."""
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("origin")
    if origin is not None:
        settings: Settings = request.app.state.settings
        is_ours = origin in (origin_of(request), settings.public_url)
    else:
        is_ours = request.headers.get("sec-fetch-site") in ("same-origin", "none")
    if not is_ours:
        raise CsrfFailed("a change by cookie has to come from a page of this service")


def refuse_foreign_origin(request: Request) -> None:
    """For a login by cookie: a client that tells no origin is no browser. Raises CsrfFailed."""
    if "origin" in request.headers or "sec-fetch-site" in request.headers:
        require_same_origin(request)


def _name(request: Request, name: str) -> str:
    """The prefix makes a browser insist on `Secure`, which development without TLS can't have."""
    settings: Settings = request.app.state.settings
    return name if settings.is_development else f"__Host-{name}"


def _set(request: Request, response: Response, name: str, value: str, max_age: int) -> None:
    settings: Settings = request.app.state.settings
    response.set_cookie(
        _name(request, name),
        value,
        max_age=max_age,
        path="/",
        secure=not settings.is_development,
        httponly=True,
        samesite="lax",
    )
