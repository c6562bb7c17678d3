"""A real PostgreSQL server for tests and benchmarks."""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self
from urllib.parse import urlsplit

import asyncpg

from tests.servers import installation
from tests.servers.ports import free_port

KEEPER: Final = Path(__file__).with_name("keeper.py")
TIMEOUT: Final = 40.0
"""Seconds that the server may take to start or to stop."""

ZONE: Final = "Pacific/Apia"
"""The time zone of the server. No test uses it, so correct results do not depend on it."""


class Postgres:
    """A running server, given by the URL of one of its databases."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    def url(self, database: str) -> str:
        return self._url._replace(path=f"/{database}").geturl()

    async def create_database(self, name: str, template: str | None = None) -> None:
        """Create a database. The template must have no connections."""
        await self.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))

    async def drop_database(self, name: str) -> None:
        """Drop a database and end its connections."""
        await self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def execute(self, script: str, database: str | None = None) -> None:
        """Run a script as the owner of the server, by default in the database of its URL."""
        url = self._url if database is None else self._url._replace(path=f"/{database}")
        connection = await asyncpg.connect(url._replace(scheme="postgresql").geturl())
        try:
            await connection.execute(script)
        finally:
            await connection.close()


class PostgresServer(Postgres):
    """A temporary server on 127.0.0.1 without a password. Stopping it deletes its data.

    It ends with this process at the latest. `kill` and `pause` need Linux. `files` are stored in its directory before
    it starts, for example as `pg_hba.conf`.
    """

    def __init__(
        self,
        *,
        fsync: bool = False,
        settings: Mapping[str, str] = MappingProxyType({}),
        files: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        port = free_port()
        super().__init__(f"postgresql+asyncpg://postgres@127.0.0.1:{port}/postgres")
        durable = "on" if fsync else "off"
        self._settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "fsync": durable,
            "full_page_writes": durable,
            "timezone": ZONE,
            **settings,
        }
        self._files = files
        self._account = installation.unprivileged_account()
        self._directory = Path()
        self._programs = Path()
        self._keeper: subprocess.Popen[bytes] | None = None
        self._is_paused = False

    def start(self) -> None:
        atexit.register(self.stop)
        self._directory = installation.temporary_directory(self._account)
        self._programs = installation.programs(self._account, self._directory)
        self._initialize()
        self._run()

    def stop(self) -> None:
        self._shut_down()
        if self._directory != Path():
            shutil.rmtree(self._directory)
            self._directory = Path()
        atexit.unregister(self.stop)

    def restart(self) -> None:
        """Restart at the same address with the same data, also after `kill`."""
        self._shut_down()
        self._run()

    def kill(self) -> None:
        """Kill all processes at once, as a crash does. Acknowledged commits are kept."""
        pids = self._signal(signal.SIGKILL)
        self._is_paused = False
        self._shut_down()
        _wait_until(lambda: not any(map(_is_alive, pids)))
        self._lock_file.unlink()

    def pause(self) -> None:
        """Suspend all processes. The server keeps its connections but does not answer, like a hung machine."""
        self._is_paused = True
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self._is_paused:
            self._signal(signal.SIGCONT)
            self._is_paused = False

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def _data(self) -> Path:
        return self._directory / "data"

    @property
    def _lock_file(self) -> Path:
        """The file has the process id in the first line and the state of the server in the eighth."""
        return self._data / "postmaster.pid"

    def _initialize(self) -> None:
        uid, gid = self._account
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "--no-instructions"]
        subprocess.run(
            [self._programs / "initdb", "-D", self._data, *options, *installation.locale_options(self._programs)],
            user=uid,
            group=gid,
            cwd=self._directory,
            env=installation.ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        for name, content in self._files.items():
            file = self._data / name
            file.touch(mode=0o600)
            file.write_bytes(content)
            os.chown(file, uid, gid)

    def _run(self) -> None:
        account = map(str, self._account)
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        log = self._directory / "log"
        with log.open("ab") as output:
            self._keeper = keeper = subprocess.Popen(
                [sys.executable, "-IS", KEEPER, *account, self._programs / "postgres", "-D", self._data, *settings],
                cwd=self._directory,
                env=installation.ENVIRONMENT,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        _wait_until(lambda: self._is_ready() or keeper.poll() is not None)
        if keeper.poll() is not None:
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")

    def _is_ready(self) -> bool:
        try:
            return self._lock_file.read_text().splitlines()[7].strip() in {"ready", "standby"}
        except (FileNotFoundError, IndexError):
            return False

    def _shut_down(self) -> None:
        if self._keeper is not None:
            self.resume()
            self._keeper.communicate(b"\n", timeout=TIMEOUT)
            self._keeper = None

    def _signal(self, number: signal.Signals) -> list[int]:
        """Send a signal to the first process, suspended so that it starts no others, and to its children."""
        first = int(self._lock_file.read_text().splitlines()[0])
        os.kill(first, signal.SIGSTOP)
        running = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        children = [pid for pid in running if _status(pid)[1] == str(first)]
        for pid in (first, *children):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return [first, *children]


def _wait_until(is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not is_done():
        if time.monotonic() > deadline:
            raise TimeoutError("PostgreSQL took too long")
        time.sleep(0.005)


def _is_alive(pid: int) -> bool:
    return _status(pid)[0] not in {"", "Z", "X"}


def _status(pid: int) -> tuple[str, str]:
    """Return the state and the parent of a process (proc(5)), empty if there is no such process."""
    try:
        state, parent, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "", ""
    return state, parent
