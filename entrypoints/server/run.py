"""Run uvicorn with one or several processes.

The application and the protocol are named by import strings: with several workers, only these import FastAPI.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from errno import EADDRINUSE
from functools import partial
from pathlib import Path
from socket import socket
from typing import Final

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import ChangeReload

from entrypoints.server.shared_metrics import shared_metrics
from entrypoints.server.signals import GRACE_PERIOD
from entrypoints.server.sockets import CannotListen, listen
from entrypoints.server.supervisor import Supervisor, Timeouts
from entrypoints.server.worker_process import WorkerProcess

SHUTDOWN_TIMEOUT: Final = 18
"""Seconds for requests in flight when the server stops. `DeadlineProtocol.drain_timeout` is shorter."""

TIMEOUTS: Final = Timeouts(start=60, heartbeat=20, stop=GRACE_PERIOD)
"""A busy machine may need long to start a worker. An event loop that does not run for 20 seconds will not recover."""


CODE: Final = [
    str(Path(__file__).parents[2] / name) for name in ("domain", "application", "adapters", "entrypoints", "migrations")
]
"""The folders that `--reload` watches, wherever it is started."""


def run(host: str, port: int, *, root_path: str, workers: int, reload: bool, announce: Callable[[int], None]) -> None:
    """Serve until SIGTERM or SIGINT. Exit with STARTUP_FAILURE if the application does not start.

    Calls `announce` with the port when the sockets listen.

    Raises:
        CannotListen: No socket can be bound to the address.
    """
    config = uvicorn.Config(
        f"{__package__}.app:app",
        factory=True,
        http=f"{__package__}.protocol:DeadlineProtocol",
        ws="none",
        host=host,
        port=port,
        root_path=root_path,
        workers=workers,
        reload=reload,
        reload_dirs=CODE if reload else None,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
    )
    server = uvicorn.Server(config)
    sockets = open_sockets(host, port)
    announce(sockets[0].getsockname()[1])
    with suppress(KeyboardInterrupt):
        if config.should_reload:
            ChangeReload(config, target=server.run, sockets=sockets).run()
        elif workers > 1:
            with shared_metrics():
                exit_code = Supervisor(partial(WorkerProcess, config, sockets), workers, sockets, TIMEOUTS).run()
            if exit_code:
                sys.exit(exit_code)
        else:
            server.run(sockets)
            if not server.started:
                sys.exit(STARTUP_FAILURE)


def open_sockets(host: str, port: int) -> list[socket]:
    """Bind the sockets here instead of in uvicorn, which uses one address only, or excludes IPv4 from `::`.

    Raises:
        CannotListen: No socket can be bound to the address.
    """
    try:
        sockets = listen(host, port)
    except OSError as error:
        hint = "; choose another port, for example: PORT=8001 make run" if error.errno == EADDRINUSE else ""
        raise CannotListen(f"cannot listen on {host} port {port}: {error.strerror}{hint}") from error
    except UnicodeError as error:
        raise CannotListen(f"cannot listen on {host}: this is no host name") from error
    structlog.get_logger("server").info("listening", addresses=[str(each.getsockname()[:2]) for each in sockets])
    return sockets
