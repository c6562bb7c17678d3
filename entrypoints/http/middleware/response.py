import re
from time import perf_counter
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.platform.ids import NewId
from application.platform.metrics import Metrics
from entrypoints.http.framework.route import AS_IT_IS
from entrypoints.http.middleware.host_and_https import PROBES

_GOOD: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"})
_OTHER: Final = "_OTHER"
"""As OpenTelemetry's semantic conventions call all that clients make up."""

Headers = list[tuple[bytes, bytes]]

ALWAYS: Final[Headers] = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
UNCACHED: Final = ("/api/", *PROBES)
HSTS: Final = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
PERSONAL: Final = (b"cache-control", b"no-store")
NO_CONTENT_ALLOWED: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_NOT_COMPRESSED: Final = (b"content-encoding", AS_IT_IS.encode())


class EveryAnswer:
    """What is true of all answers: each names its request, forbids what browsers need not do, leaves one log line,
    and is counted.

    A request is named by the client's `X-Request-ID`, if that is a good one, or anew.
    """

    def __init__(self, app: ASGIApp, new_id: NewId, metrics: Metrics, *, is_production: bool) -> None:
        self._app = app
        self._new_id = new_id
        self._metrics = metrics
        self._headers = [*ALWAYS, HSTS] if is_production else ALWAYS
        self._log = structlog.get_logger("request")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 500
        given = [value for name, value in scope["headers"] if name == b"x-request-id"]
        is_good = len(given) == 1 and _GOOD.fullmatch(given[0])
        request_id = given[0].decode() if is_good else str(self._new_id())
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)

        def complete_headers(headers: Headers) -> None:
            headers.append((b"x-request-id", request_id.encode()))
            headers += self._headers
            if scope["path"].startswith(UNCACHED):
                headers.append(PERSONAL)
            if not any(name == b"content-security-policy" for name, _ in headers):
                headers.append(NO_CONTENT_ALLOWED)
            if _NOT_COMPRESSED in headers:
                headers.remove(_NOT_COMPRESSED)

        state["complete_headers"] = complete_headers  # for what is answered outside of this: bugs

        async def complete(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                complete_headers(message["headers"])
            await send(message)

        self._metrics.request_began()
        try:
            await self._app(scope, receive, complete)
        finally:
            self._tell(scope, status, perf_counter() - began)
            structlog.contextvars.clear_contextvars()

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        """The route as it is declared: paths hold ids, and what somebody mistyped."""
        route = getattr(scope.get("route"), "path", None)
        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        self._metrics.request_ended(method, route, status, seconds)
        caller = scope["state"].get("caller")
        is_routine = status < 400 and scope["path"].startswith(PROBES)
        tell = self._log.debug if is_routine else self._log.info
        tell(
            "request",
            method=method,
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 2),
            user_id=str(caller.actor.user_id) if caller else None,
        )
