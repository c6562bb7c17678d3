import re
from collections.abc import Iterable
from time import perf_counter
from traceback import format_exception
from typing import Final

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.audit.origin import Origin, running_for
from application.platform.load import forget_caller, watch_caller
from application.platform.time_limit import REQUEST_SECONDS, limit_time
from domain.audit.audit_event import Source
from entrypoints.http.framework.client import client_address
from entrypoints.http.framework.context import Headers, RequestContext
from entrypoints.http.framework.errors import internal_error
from entrypoints.http.framework.mounting import path_below_root, root_path
from entrypoints.http.middleware.host_and_https import PROBES
from entrypoints.settings import Environment, Settings
from entrypoints.wiring.container import Container

_VALID_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"})
_OTHER: Final = "_OTHER"
"""The name for unknown methods in the semantic conventions of OpenTelemetry."""

SECURITY_HEADERS: Final[Headers] = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
UNCACHED_PATHS: Final = ("/api/", *PROBES)
HSTS: Final = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
NO_STORE: Final = (b"cache-control", b"no-store")
STRICT_CSP: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


def find_request_id(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the X-Request-ID of the client if it is valid."""
    given = [value for name, value in headers if name == b"x-request-id"]
    return given[0].decode() if len(given) == 1 and _VALID_REQUEST_ID.fullmatch(given[0]) else None


def security_headers(settings: Settings) -> Headers:
    """Return the headers that every response has."""
    return [*SECURITY_HEADERS, HSTS] if settings.environment is Environment.PRODUCTION else SECURITY_HEADERS


def _below(root: str, name: bytes, value: bytes) -> bytes:
    """Return the value of a header. The application sets Location as if it was not mounted."""
    is_path = name == b"location" and value.startswith(b"/")
    return root.encode() + value if is_path else value


class ResponseMiddleware:
    """Add the request id and the security headers to every response, log one line per request, and count it.

    An unexpected exception ends here: the client gets a problem document with status 500, the log gets the traceback.
    """

    def __init__(self, app: ASGIApp, container: Container) -> None:
        self._app = app
        self._new_id = container.new_id()
        self._metrics = container.metrics()
        self._settings = container.settings()
        self._services = container.services()
        self._headers = security_headers(self._settings)
        self._log = structlog.get_logger("request")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, is_started = perf_counter(), 500, False
        failure: Exception | None = None
        root, path = root_path(scope), path_below_root(scope)
        correlation_id = self._new_id()
        request_id = find_request_id(scope["headers"]) or str(correlation_id)
        structlog.contextvars.bind_contextvars(request_id=request_id, correlation_id=str(correlation_id))

        def complete_headers(headers: Headers) -> None:
            if root:
                headers[:] = [(name, _below(root, name, value)) for name, value in headers]
            headers.append((b"x-request-id", request_id.encode()))
            headers += self._headers
            if path.startswith(UNCACHED_PATHS):
                headers.append(NO_STORE)
            if not any(name == b"content-security-policy" for name, _ in headers):
                headers.append(STRICT_CSP)

        context = RequestContext(request_id, self._settings, self._services, self._metrics, root)
        context.attach(scope)

        async def complete(message: Message) -> None:
            nonlocal status, is_started
            if message["type"] == "http.response.start":
                status, is_started = int(message["status"]), True
                complete_headers(message["headers"])
            await send(message)

        self._metrics.request_started()
        watch = watch_caller(lambda: Request(scope, receive).is_disconnected())

        def find_origin() -> Origin:
            return Origin(
                source=Source.REQUEST,
                correlation_id=correlation_id,
                request_id=request_id,
                ip_address=client_address(Request(scope)) or None,
            )

        try:
            with limit_time(REQUEST_SECONDS), running_for(find_origin):
                await self._app(scope, receive, complete)
        except Exception as error:
            failure = error
            if not is_started:  # otherwise the server closes the connection, because the response is incomplete
                await internal_error(Request(scope))(scope, receive, complete)
        finally:
            forget_caller(watch)
            self._log_and_count(scope, path, context, status, perf_counter() - started, failure)
            structlog.contextvars.clear_contextvars()

    def _log_and_count(
        self, scope: Scope, path: str, context: RequestContext, status: int, seconds: float, failure: Exception | None
    ) -> None:
        """Log and count the request by its path template, because paths contain ids and input.

        An exception is logged here only, with the request id, the route and the user.
        """
        route = getattr(scope.get("route"), "path", None)
        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        self._metrics.request_finished(method, route, status, seconds)
        is_routine = status < 400 and path.startswith(PROBES)
        log = self._log.error if failure else self._log.debug if is_routine else self._log.info
        log(
            "request",
            method=method,
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 2),
            user_id=str(context.caller.actor.user_id) if context.caller else None,
            **({"exception": "".join(format_exception(failure))} if failure else {}),  # without values of variables
        )
