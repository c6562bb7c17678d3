from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.errors import Forbidden
from entrypoints.http.framework.errors import problem

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
ALLOWED: Final = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-ID")
EXPOSED: Final = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
)


class CorsMiddleware(CORSMiddleware):
    """Cross-origin resource sharing for browser applications of these origins. Refusals are problem documents."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=ALLOWED,
            allow_credentials=True,
            expose_headers=EXPOSED,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if scope.get("method") == "OPTIONS" and {"origin", "access-control-request-method"} <= set(headers):
            response = self.preflight_response(headers)
            if response.status_code >= HTTPStatus.BAD_REQUEST:
                response = problem(
                    Request(scope),
                    HTTPStatus.FORBIDDEN,
                    Forbidden.code,
                    "this origin, method or header is not allowed",
                    headers={"Vary": response.headers["Vary"]},
                )
            await response(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
