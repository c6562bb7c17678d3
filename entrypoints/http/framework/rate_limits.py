"""Which limit a route counts against, and how an answer tells (IETF draft-ietf-httpapi-ratelimit-headers-10)."""

from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from starlette.requests import Request

from application.identity.sessions import Caller
from application.platform.rate_limits import RateLimit, RateWindow, Throttle
from entrypoints.http.framework.client import address_of

C = TypeVar("C", bound=Callable[..., Any])


class Counts(Enum):
    """What a request counts as."""

    READ = "read"
    WRITE = "write"
    LOGIN = "login"
    REGISTER = "register"
    NOTHING = "nothing"


def counts_as(what: Counts) -> Callable[[C], C]:
    """For a route that counts as something else than its method says."""

    def mark(endpoint: C) -> C:
        endpoint.counts_as = what  # type: ignore[attr-defined]
        return endpoint

    return mark


def what_counts(endpoint: Callable[..., Any], method: str) -> Counts:
    return getattr(endpoint, "counts_as", Counts.READ if method == "GET" else Counts.WRITE)


async def count(request: Request, what: Counts, caller: Caller | None) -> None:
    """Raises RateLimited."""
    throttle: Throttle | None = request.app.state.throttle
    if throttle is None or what is Counts.NOTHING:
        return
    match what:
        case Counts.LOGIN:
            window = await throttle.login(address_of(request))
        case Counts.REGISTER:
            window = await throttle.register(address_of(request))
        case _:
            who = f"user:{caller.actor.user_id}" if caller else address_of(request)
            window = await (throttle.read(who) if what is Counts.READ else throttle.write(who))
    request.state.rate_window = window


def headers_of(window: RateWindow) -> list[tuple[bytes, bytes]]:
    return [
        (b"ratelimit-policy", _policy(window.limit)),
        (b"ratelimit", f'"{window.limit.name}";r={window.remaining};t={window.resets_in}'.encode()),
    ]


@cache
def _policy(limit: RateLimit) -> bytes:
    return f'"{limit.name}";q={limit.amount};w={limit.seconds}'.encode()
