import gc

import uvicorn
from fastapi import FastAPI

from entrypoints.http.app import create_app

GRACE_SECONDS = 20
"""For requests in flight when the server is told to stop; longer than any takes."""


def run(host: str, port: int, *, workers: int, reload: bool) -> None:
    uvicorn.run(
        "entrypoints.cli.server:app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        reload=reload,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def app() -> FastAPI:
    """In every worker. What lives as long as the process is not looked at by the garbage collector again,
    which would stop everything for tens of milliseconds."""
    service = create_app()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    return service
