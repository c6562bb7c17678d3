"""Rate limit classes of routes, and the RateLimit fields (IETF draft-ietf-httpapi-ratelimit-headers-10)."""

from collections.abc import Collection
from enum import Enum
from functools import cache

from starlette.requests import Request

from application.platform.rate_limits import RateLimit, RateWindow
from domain.identity.address import address_block
from domain.identity.user import UserId
from entrypoints.http.framework.client import client_address
from entrypoints.http.framework.context import RequestContext


class RateLimitClass(Enum):
    """The limit that a request counts against."""

    READ = "read"
    WRITE = "write"
    LOGIN = "login"
    REGISTER = "register"
    EXPORT = "export"
    UNLIMITED = "unlimited"


def default_class(path: str, methods: Collection[str]) -> RateLimitClass:
    """Return the class of a route that declares none."""
    if not path.startswith("/api/"):
        return RateLimitClass.UNLIMITED
    return RateLimitClass.READ if "GET" in methods else RateLimitClass.WRITE


async def count(request: Request, context: RequestContext, limit_class: RateLimitClass) -> None:
    """Count a request of a user, or of an address if the request is anonymous.

    Raises:
        RateLimited: The limit is exceeded.
    """
    limits = context.services.rate_limits
    user_id = context.caller.actor.user_id if context.caller else None
    match limit_class:
        case RateLimitClass.UNLIMITED:
            return
        case RateLimitClass.LOGIN:
            context.rate_window = await limits.login(client_address(request))
        case RateLimitClass.REGISTER:
            context.rate_window = await limits.register(client_address(request))
        case RateLimitClass.EXPORT:
            context.rate_window = await limits.export(_client_key(request, user_id), user_id)
        case RateLimitClass.READ:
            context.rate_window = await limits.read(_client_key(request, user_id), user_id)
        case RateLimitClass.WRITE:
            context.rate_window = await limits.write(_client_key(request, user_id), user_id)


def _client_key(request: Request, user_id: UserId | None) -> str:
    return f"user:{user_id}" if user_id else address_block(client_address(request))


def rate_limit_headers(window: RateWindow) -> list[tuple[bytes, bytes]]:
    """Return the RateLimit fields of a response."""
    return [
        (b"ratelimit-policy", _policy(window.limit)),
        (b"ratelimit", f'"{window.limit.name}";r={window.remaining};t={window.resets_in}'.encode()),
    ]


@cache
def _policy(limit: RateLimit) -> bytes:
    return f'"{limit.name}";q={limit.amount};w={limit.seconds}'.encode()
