"""Pages for people to read and try the interface, complete without internet."""

from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

STATIC: Final = files("entrypoints.http") / "static"

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "worker-src blob:",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""Both pages style their elements in place; neither runs a script that is not a file of ours."""


def _page(name: str) -> Response:
    return HTMLResponse((STATIC / name).read_text(), headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY})


async def docs(request: Request) -> Response:
    return _page("docs.html")


async def redoc(request: Request) -> Response:
    return _page("redoc.html")


async def openapi(request: Request) -> Response:
    return JSONResponse(request.app.openapi())


routes: Final[list[BaseRoute]] = [
    Route("/docs", docs),
    Route("/redoc", redoc),
    Route("/openapi.json", openapi),
    Mount("/static", StaticFiles(directory=str(STATIC))),
]
