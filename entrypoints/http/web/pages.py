"""Documentation pages to read and try the API. They work without internet access."""

import asyncio
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from typing import Any, Final

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette_compress import CompressMiddleware

from entrypoints.http.framework.context import context_of
from entrypoints.http.framework.preconditions import is_known
from entrypoints.http.openapi.deployment import mounted

STATIC: Final = files(__package__) / "static"


def _policy(*sources: str) -> str:
    """Return a Content-Security-Policy that allows files and responses of this service only, plus `sources`."""
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

EMPTY_STYLE_SHEET: Final = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
SCROLLBAR_STYLE_SHEET: Final = "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
REDOC_POLICY: Final = _policy(f"style-src {EMPTY_STYLE_SHEET} {SCROLLBAR_STYLE_SHEET}", "worker-src blob:")
"""Redoc adds two style sheets to the page, an empty one that its script fills, and runs its search in a worker."""


def _page(name: str, policy: str) -> Response:
    return HTMLResponse((STATIC / name).read_text(), headers={"Content-Security-Policy": policy})


async def docs(request: Request) -> Response:
    return _page("docs.html", SWAGGER_UI_POLICY)


async def redoc(request: Request) -> Response:
    return _page("redoc.html", REDOC_POLICY)


MAX_DOCUMENTS: Final = 8
"""Root paths for which the document is kept. A mount may have a path with parameters."""


@dataclass(frozen=True, slots=True)
class OpenApiDocument:
    """The OpenAPI document as it is sent. It stays the same as long as the process runs."""

    json: bytes
    etag: str
    """The entity tag. It is sent as a weak one, because the document may be compressed (RFC 9110, section 8.8.3)."""


def openapi_document(app: FastAPI, root_path: str = "") -> OpenApiDocument:
    """Return the document. The first call builds it, which takes some tenths of a second."""
    documents: dict[str, OpenApiDocument] = app.state.openapi_documents
    if root_path not in documents:
        json = bytes(JSONResponse(mounted(app.openapi(), root_path) if root_path else app.openapi()).body)
        if len(documents) == MAX_DOCUMENTS:
            documents.clear()
        documents[root_path] = OpenApiDocument(json, f'"{sha256(json).hexdigest()}"')
    return documents[root_path]


async def openapi(request: Request) -> Response:
    app: FastAPI = request.app
    root = context_of(request).root_path
    is_built = root in app.state.openapi_documents
    document = openapi_document(app, root) if is_built else await asyncio.to_thread(openapi_document, app, root)
    headers = {"ETag": f"W/{document.etag}"}
    if is_known(request, document.etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(document.json, headers=headers, media_type="application/json")


COMPRESSED: Final = (Middleware(CompressMiddleware),)


class Assets(StaticFiles):
    """Static files. Most of them are compressed, so their entity tags must be weak (RFC 9110, section 8.8.3)."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["ETag"] = f"W/{response.headers['ETag']}"
        return response


async def root(request: Request) -> Response:
    """Redirect to the documentation. Mails link to this URL."""
    return RedirectResponse("/docs", HTTPStatus.TEMPORARY_REDIRECT)


routes: Final[list[BaseRoute]] = [
    Route("/", root),
    Route("/docs", docs, middleware=COMPRESSED),
    Route("/redoc", redoc, middleware=COMPRESSED),
    Route("/openapi.json", openapi, middleware=COMPRESSED),
    Mount("/static", Assets(directory=str(STATIC)), middleware=COMPRESSED),
]
