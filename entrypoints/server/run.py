import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import parent_process
from tempfile import TemporaryDirectory
from typing import Final

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import ChangeReload, Multiprocess

from entrypoints import logs
from entrypoints.http.app import create_app
from entrypoints.server.protocol import PatientProtocol
from entrypoints.server.signals import call_when_told_to_stop, stop_with
from entrypoints.wiring.container import Container

GRACE_SECONDS: Final = 20
"""For requests in flight when the server is told to stop; longer than any takes."""
M_MMAP_THRESHOLD: Final = -3
M_ARENA_MAX: Final = -8

START_SECONDS: Final = 60
"""For a worker to come up, on a busy machine; uvicorn kills what takes longer."""


def run(host: str, port: int, *, workers: int, reload: bool) -> None:
    config = uvicorn.Config(
        "entrypoints.server.run:app",
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
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        if config.should_reload:
            ChangeReload(config, target=server.run, sockets=[config.bind_socket()]).run()
        elif workers > 1:
            with _shared_numbers():
                serving = Workers(config, sockets=[config.bind_socket()])
                serving.run()
            if any(process.exitcode == STARTUP_FAILURE for process in serving.processes):
                sys.exit(STARTUP_FAILURE)
        else:
            server.run()
            if not server.started:
                sys.exit(STARTUP_FAILURE)


class Workers(Multiprocess):
    def terminate_all(self) -> None:
        """Nor does the parent listen any longer: who came now would wait for nobody."""
        for listening in self.sockets:
            listening.close()
        super().terminate_all()


@contextmanager
def _shared_numbers() -> Iterator[None]:
    """A place for the metrics of all workers, so that each can tell of all."""
    with TemporaryDirectory(prefix="task-manager-metrics-") as directory:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory
        yield


def app() -> FastAPI:
    """In every worker. What lives as long as the process is not looked at by the garbage collector again,
    which would stop everything for tens of milliseconds."""
    give_memory_back()
    container = Container()
    logs.configure(container.settings())
    for provider in container.providers.values():
        provider()  # what can't be built says so now, and no request waits for it
    service = create_app(container)
    call_when_told_to_stop(container.health_service().drain)
    if parent := parent_process():
        stop_with(parent)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    return service


def give_memory_back() -> None:
    """Where the C library is glibc: what hashing a password takes goes back to the system each time, instead of
    being kept after the first, and threads share two arenas (mallopt(3))."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in ((M_MMAP_THRESHOLD, 1 << 20), (M_ARENA_MAX, 2)):
            mallopt(parameter, value)
