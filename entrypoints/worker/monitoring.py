"""Liveness and metrics of a separate worker over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from entrypoints.request_metrics import EXPOSITION_MEDIA_TYPE, RequestMetrics
from entrypoints.server.run import open_sockets


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the worker: it answers probes until its jobs have ended."""
        yield


@asynccontextmanager
async def serve_monitoring(host: str, port: int, metrics: RequestMetrics) -> AsyncIterator[int]:
    """Respond to `/health` and `/metrics`. Yield the port.

    Raises:
        CannotListen: No socket can be bound to the address.
    """

    async def get_health(_: Request) -> Response:
        return JSONResponse({"status": "healthy"})

    async def get_metrics(_: Request) -> Response:
        return Response(await metrics.exposition(), media_type=EXPOSITION_MEDIA_TYPE)

    app = Starlette(routes=[Route("/health", get_health), Route("/metrics", get_metrics)])
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server, sockets = _Server(config), open_sockets(host, port)
    running = asyncio.create_task(server.serve(sockets))
    try:
        yield sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running
