"""Authentication by cookie (RFC 6265bis) for browsers, and its protection against cross-site request forgery."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from application.identity.sessions import IssuedTokens
from entrypoints.http.framework.client import request_origin
from entrypoints.http.framework.context import context_of
from entrypoints.http.framework.http_errors import CsrfFailed
from entrypoints.settings import Settings

HOST_PREFIX: Final = "__Host-"
"""Browsers accept it only with the path `/`."""
PATH_PREFIX: Final = "__Secure-"
"""For an application below a root path: its cookies must not be sent to other applications of the host."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def get_access_token(request: Request) -> str | None:
    return parse_cookies(request).get(_name(request, "access_token"))


def get_refresh_token(request: Request) -> str | None:
    return parse_cookies(request).get(_name(request, "refresh_token"))


def set_session_cookies(request: Request, tokens: IssuedTokens, response: Response) -> Response:
    settings = context_of(request).settings
    lifetime = settings.refresh_token_expire_days * 86_400
    _set(request, response, "access_token", tokens.access_token.text, tokens.access_token.expires_in)
    _set(request, response, "refresh_token", tokens.refresh_token.text, lifetime)
    return response


def clear_session_cookies(request: Request, response: Response) -> Response:
    for name in ("access_token", "refresh_token"):
        if _name(request, name) in parse_cookies(request):
            _set(request, response, name, "", 0)
    return response


def require_same_origin(request: Request) -> None:
    """Check that a request with a cookie that changes something comes from a page of this service.

    Raises:
        CsrfFailed: The headers of the browser do not say so.
    """
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("origin")
    if origin is not None:
        settings = context_of(request).settings
        is_same_origin = origin in (request_origin(request), settings.public_origin)
    else:
        is_same_origin = request.headers.get("sec-fetch-site") in ("same-origin", "none")
    if not is_same_origin:
        raise CsrfFailed("a change authenticated by cookie must come from a page of this service")


def reject_cross_origin(request: Request) -> None:
    """Refuse a login by cookie from another origin. A client that sends no origin is not a browser.

    Raises:
        CsrfFailed: The browser does not say that the request comes from a page of this service.
    """
    if "origin" in request.headers or "sec-fetch-site" in request.headers:
        require_same_origin(request)


def parse_cookies(request: Request) -> dict[str, str]:
    """Return the cookies without unquoting their values, because tokens have no quotes.

    Starlette unquotes them. Before Python 3.11.10 and 3.12.6, this takes a time that grows with the square of the
    number of backslashes: 15 s for 60 KB (CVE-2024-7592).
    """
    pairs = [pair.partition("=") for pair in ";".join(request.headers.getlist("cookie")).split(";")]
    return {name.strip(" "): value.strip(" ") for name, separator, value in pairs if separator}


def cookie_name(name: str, settings: Settings, root_path: str = "") -> str:
    """Return the name of a cookie. Browsers accept the prefixes only with `Secure`, so development has none."""
    prefix = PATH_PREFIX if root_path else HOST_PREFIX
    return name if settings.is_development else f"{prefix}{name}"


def _name(request: Request, name: str) -> str:
    context = context_of(request)
    return cookie_name(name, context.settings, context.root_path)


def _set(request: Request, response: Response, name: str, value: str, max_age: int) -> None:
    context = context_of(request)
    response.set_cookie(
        _name(request, name),
        value,
        max_age=max_age,
        path=f"{context.root_path}/",
        secure=not context.settings.is_development,
        httponly=True,
        samesite="lax",
    )
