"""A supervisor whose workers can be made to hang: `python -m tests.entrypoints.server.supervised PORT`."""

import os
import signal
import sys
import time
from functools import partial
from typing import Any, Final

import uvicorn

from entrypoints.server.sockets import listen
from entrypoints.server.supervisor import Supervisor, Timeouts
from entrypoints.server.worker_process import WorkerProcess

TIMEOUTS: Final = Timeouts(start=60, heartbeat=2, stop=1)


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Return the id of the process. The other paths make it hang afterwards."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
    if scope["path"] == "/block":
        time.sleep(1000)  # noqa: ASYNC251 - blocks the event loop
    if scope["path"] == "/ignore-sigterm":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def main(port: int) -> int:
    sockets = listen("127.0.0.1", port)
    config = uvicorn.Config(
        "tests.entrypoints.server.supervised:app", workers=2, lifespan="off", ws="none", log_config=None
    )
    return Supervisor(partial(WorkerProcess, config, sockets), 2, sockets, TIMEOUTS).run()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
