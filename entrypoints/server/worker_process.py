"""One server process of several: the handle of its parent, and what runs in the process."""

import asyncio
import os
from contextlib import suppress
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from socket import socket
from time import monotonic
from typing import Final

import uvicorn
from uvicorn._subprocess import get_subprocess

HEARTBEAT_INTERVAL: Final = 1.0
"""Seconds between two messages of a worker whose event loop runs."""


class WorkerProcess:
    """A running worker.

    It sends heartbeats from its event loop. Only the worker holds the other end of the pipe, so that no read waits.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket]) -> None:
        self._heartbeats, heartbeats = Pipe(duplex=False)
        self._process = get_subprocess(config, partial(serve, config, heartbeats), sockets)
        self._process.start()
        heartbeats.close()
        self._started_at = monotonic()
        self.is_ready = False
        """Whether the worker has started to accept requests."""
        self.silence = 0.0
        """Seconds without a heartbeat."""

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def sentinel(self) -> int:
        """A handle that is ready when the process has ended; see `multiprocessing.connection.wait`."""
        return self._process.sentinel

    @property
    def exit_code(self) -> int | None:
        """The exit code; None while the process is running."""
        return self._process.exitcode

    @property
    def age(self) -> float:
        return monotonic() - self._started_at

    def listen(self, elapsed: float) -> None:
        """Receive the heartbeats since the last call, which was `elapsed` seconds ago."""
        self.silence += elapsed
        with suppress(EOFError, OSError):
            while self._heartbeats.poll():
                self._heartbeats.recv_bytes()
                self.silence, self.is_ready = 0.0, True

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        """Kill the process, also if it is stopped, and wait for its end."""
        self._process.kill()
        self.close()

    def close(self) -> None:
        """Wait for the end of the process and close the pipe."""
        self._process.join()
        self._heartbeats.close()


class HeartbeatServer(uvicorn.Server):
    """A server that sends heartbeats from its start until the end of its event loop."""

    def __init__(self, config: uvicorn.Config, heartbeats: Connection) -> None:
        super().__init__(config)
        self._heartbeats = heartbeats
        self._beating: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self._beating = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        os.set_blocking(self._heartbeats.fileno(), False)
        while True:
            with suppress(OSError):  # the parent is killed, or stopped so long that the pipe is full
                self._heartbeats.send_bytes(b".")
            await asyncio.sleep(HEARTBEAT_INTERVAL)


def serve(config: uvicorn.Config, heartbeats: Connection, sockets: list[socket]) -> None:
    """Run the server in this process."""
    HeartbeatServer(config, heartbeats).run(sockets)
