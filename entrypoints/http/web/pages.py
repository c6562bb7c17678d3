"""Pages for people to read and try the interface, complete without internet."""

from http import HTTPStatus
from importlib.resources import files
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

STATIC: Final = files("entrypoints.http.web") / "static"


def _policy(*sources: str) -> str:
    """Nothing but files and answers of ours, and what these directives add."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "connect-src 'self'",
            "img-src 'self' data:",
            *sources,
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


SWAGGER_UI_POLICY: Final = _policy("style-src 'self'")

EMPTY_SHEET: Final = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
SCROLLBAR_SHEET: Final = "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
REDOC_POLICY: Final = _policy(f"style-src {EMPTY_SHEET} {SCROLLBAR_SHEET}", "worker-src blob:")
"""Redoc puts two sheets in the page, one empty, which its script then fills; its search is a worker."""


def _page(name: str, policy: str) -> Response:
    return HTMLResponse((STATIC / name).read_text(), headers={"Content-Security-Policy": policy})


async def docs(request: Request) -> Response:
    return _page("docs.html", SWAGGER_UI_POLICY)


async def redoc(request: Request) -> Response:
    return _page("redoc.html", REDOC_POLICY)


async def openapi(request: Request) -> Response:
    return JSONResponse(request.app.openapi())


class Assets(StaticFiles):
    """Most are compressed on their way, so that an entity tag is no promise of the same bytes: it is a weak one
    (RFC 9110, section 8.8.3)."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["ETag"] = f"W/{response.headers['ETag']}"
        return response


async def start(request: Request) -> Response:
    """Where PUBLIC_URL leads, which mails name."""
    return RedirectResponse("/docs", HTTPStatus.TEMPORARY_REDIRECT)


routes: Final[list[BaseRoute]] = [
    Route("/", start),
    Route("/docs", docs),
    Route("/redoc", redoc),
    Route("/openapi.json", openapi),
    Mount("/static", Assets(directory=str(STATIC))),
]
