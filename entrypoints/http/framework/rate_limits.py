"""Rate limit classes of routes, and the RateLimit fields (IETF draft-ietf-httpapi-ratelimit-headers-10)."""

from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from starlette.requests import Request

from application.identity.sessions import AuthenticatedCaller
from application.platform.rate_limits import RateLimit, RateLimitService, RateWindow
from entrypoints.http.framework.client import client_address

C = TypeVar("C", bound=Callable[..., Any])


class RateLimitClass(Enum):
    """The limit that a request counts against."""

    READ = "read"
    WRITE = "write"
    LOGIN = "login"
    REGISTER = "register"
    UNLIMITED = "unlimited"


def rate_limit_class(limit_class: RateLimitClass) -> Callable[[C], C]:
    """Set the class of a route that differs from the default of its method."""

    def mark(endpoint: C) -> C:
        endpoint.rate_limit_class = limit_class  # type: ignore[attr-defined]
        return endpoint

    return mark


def class_of_endpoint(endpoint: Callable[..., Any], method: str) -> RateLimitClass:
    """Return the class of an endpoint: the one set by `rate_limit_class`, or the default of the method."""
    return getattr(endpoint, "rate_limit_class", RateLimitClass.READ if method == "GET" else RateLimitClass.WRITE)


async def count(request: Request, limit_class: RateLimitClass, caller: AuthenticatedCaller | None) -> None:
    """Count a request of a user, or of an address if the request is anonymous.

    Raises:
        RateLimited: The limit is exceeded.
    """
    limits: RateLimitService | None = request.app.state.rate_limits
    if limits is None or limit_class is RateLimitClass.UNLIMITED:
        return
    match limit_class:
        case RateLimitClass.LOGIN:
            window = await limits.login(client_address(request))
        case RateLimitClass.REGISTER:
            window = await limits.register(client_address(request))
        case _:
            client_key = f"user:{caller.actor.user_id}" if caller else client_address(request)
            window = await (limits.read(client_key) if limit_class is RateLimitClass.READ else limits.write(client_key))
    request.state.rate_window = window


def rate_limit_headers(window: RateWindow) -> list[tuple[bytes, bytes]]:
    """Return the RateLimit fields of a response."""
    return [
        (b"ratelimit-policy", _policy(window.limit)),
        (b"ratelimit", f'"{window.limit.name}";r={window.remaining};t={window.resets_in}'.encode()),
    ]


@cache
def _policy(limit: RateLimit) -> bytes:
    return f'"{limit.name}";q={limit.amount};w={limit.seconds}'.encode()
