import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from entrypoints.http.framework.errors import http_problem
from entrypoints.http.framework.http_errors import InvalidHost

PROBES: Final = ("/health", "/monitoring/")

_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(:\d{1,5})?")


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
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not self._is_trusted(hosts[0]):
            error = InvalidHost("the request must name exactly one host that this service trusts")
            await http_problem(Request(scope), error)(scope, receive, send)
        elif self._force_https and _is_plain(scope) and not scope["path"].startswith(PROBES):
            url = Request(scope).url.replace(scheme="https")
            await RedirectResponse(url, HTTPStatus.PERMANENT_REDIRECT)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_trusted(self, host: bytes) -> bool:
        if self._trusts_all:
            return host != b""
        match = _HOST.fullmatch(host.decode("latin-1").lower())
        return match is not None and any(_matches(match[1], pattern) for pattern in self._trusted)


def _matches(name: str, pattern: str) -> bool:
    return name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern


def _is_plain(scope: Scope) -> bool:
    """Return whether the request came over plain HTTP.

    A proxy that terminates TLS sets X-Forwarded-Proto. A client that forges it only avoids the redirect.
    """
    protocols = [value for name, value in scope["headers"] if name == b"x-forwarded-proto"]
    return scope["scheme"] == "http" and protocols != [b"https"]
