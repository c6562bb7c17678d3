import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from entrypoints.http.framework.errors import http_problem
from entrypoints.http.framework.http_errors import InvalidHost
from entrypoints.http.framework.mounting import path_below_root

PROBES: Final = ("/health", "/monitoring/")
"""Orchestrators and Prometheus request these paths by the IP address of an instance, so any Host is accepted."""
HEALTH_CHECKS: Final = frozenset({"/health", "/monitoring/health"})
"""Paths that load balancers request, also with HTTP/1.0, which has no Host."""

_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?", re.ASCII)


class HostAndHttpsMiddleware:
    """Refuse requests without exactly one trusted host, and redirect plain HTTP if the settings say so."""

    def __init__(self, app: ASGIApp, trusted_hosts: Sequence[str], *, force_https: bool) -> None:
        self._app = app
        self._trusted = [host.lower() for host in trusted_hosts]
        self._trusts_all = "*" in trusted_hosts
        self._force_https = force_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not self._has_trusted_host(scope):
            error = InvalidHost("the request must name exactly one host that this service trusts")
            await http_problem(Request(scope), error)(scope, receive, send)
        elif self._force_https and _is_plain(scope) and not path_below_root(scope).startswith(PROBES):
            url = Request(scope).url.replace(scheme="https")
            await RedirectResponse(url, HTTPStatus.PERMANENT_REDIRECT)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _has_trusted_host(self, scope: Scope) -> bool:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if not hosts and scope["http_version"] == "1.0":
            return path_below_root(scope) in HEALTH_CHECKS
        match = _HOST.fullmatch(hosts[0].decode("latin-1").lower()) if len(hosts) == 1 else None
        if match is None:
            return False
        accepts_all = self._trusts_all or path_below_root(scope).startswith(PROBES)
        return accepts_all or any(_matches(match[1], pattern) for pattern in self._trusted)


def _matches(name: str, pattern: str) -> bool:
    return name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern


def _is_plain(scope: Scope) -> bool:
    """Return whether the client used plain HTTP.

    Each proxy may append the scheme of its own client to X-Forwarded-Proto, so that the first element is the scheme of
    the client. A client that forges it only avoids the redirect.
    """
    protocol = Headers(scope=scope).get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return scope["scheme"] == "http" and protocol != "https"
