"""Run uvicorn with one or several processes.

The application and the protocol are named by import strings: with several workers, only these import FastAPI.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import socket
from tempfile import TemporaryDirectory
from typing import Final

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import ChangeReload, Multiprocess

from entrypoints.server.sockets import listen

SHUTDOWN_TIMEOUT: Final = 20
"""Seconds for requests in flight when the server stops. No request takes longer."""

WORKER_START_TIMEOUT: Final = 60
"""Seconds for a worker to start on a busy machine. uvicorn kills slower ones."""


def run(host: str, port: int, *, workers: int, reload: bool) -> None:
    """Serve until SIGTERM or SIGINT. Exit with STARTUP_FAILURE if the application does not start."""
    config = uvicorn.Config(
        "entrypoints.server.app:app",
        factory=True,
        http="entrypoints.server.protocol:DeadlineProtocol",
        ws="none",
        host=host,
        port=port,
        workers=workers,
        reload=reload,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
        timeout_worker_healthcheck=WORKER_START_TIMEOUT,
    )
    server = uvicorn.Server(config)
    sockets = _listen(host, port)
    with suppress(KeyboardInterrupt):
        if config.should_reload:
            ChangeReload(config, target=server.run, sockets=sockets).run()
        elif workers > 1:
            with _shared_metrics():
                supervisor = Supervisor(config, sockets=sockets)
                supervisor.run()
            if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
                sys.exit(STARTUP_FAILURE)
        else:
            server.run(sockets)
            if not server.started:
                sys.exit(STARTUP_FAILURE)


def _listen(host: str, port: int) -> list[socket]:
    """Bind the sockets here instead of in uvicorn, which uses one address only, or excludes IPv4 from `::`."""
    log = structlog.get_logger("server")
    try:
        sockets = listen(host, port)
    except OSError as error:
        log.error("cannot listen", host=host, port=port, error=str(error))
        sys.exit(STARTUP_FAILURE)
    log.info("listening", addresses=[str(each.getsockname()[:2]) for each in sockets])
    return sockets


class Supervisor(Multiprocess):
    """Start the workers, restart them when they die, and stop them."""

    def keep_subprocess_alive(self) -> None:
        """Check the workers.

        Close the parent's copies of their pipe ends first. The pipe of a worker that dies during the check is then
        at its end, and the check does not wait for its timeout.
        """
        for process in self.processes:
            process.child_conn.close()
        super().keep_subprocess_alive()

    def terminate_all(self) -> None:
        """Close the listening sockets here too, so that new clients fail fast, then stop the workers."""
        for listening in self.sockets:
            listening.close()
        super().terminate_all()


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """Create a directory in which all workers store metrics, so that each can report the metrics of all."""
    with TemporaryDirectory(prefix="task-manager-metrics-") as directory:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory
        yield
