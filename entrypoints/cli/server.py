import gc

import uvicorn
from fastapi import FastAPI

from entrypoints import logs
from entrypoints.cli.protocol import PatientProtocol
from entrypoints.container import Container
from entrypoints.http.app import create_app

GRACE_SECONDS = 20
"""For requests in flight when the server is told to stop; longer than any takes."""
START_SECONDS = 60
"""For a worker to come up, on a busy machine; uvicorn kills what takes longer."""


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
        log_config=None,
        http=PatientProtocol,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_worker_healthcheck=START_SECONDS,
    )


def app() -> FastAPI:
    """In every worker. What lives as long as the process is not looked at by the garbage collector again,
    which would stop everything for tens of milliseconds."""
    container = Container()
    logs.configure(container.settings())
    for provider in container.providers.values():
        provider()  # what can't be built says so now, and no request waits for it
    service = create_app(container)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    return service
