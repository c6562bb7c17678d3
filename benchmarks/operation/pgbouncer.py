"""PgBouncer with the shipped configuration."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from benchmarks.operation.programs import TIMEOUT
from benchmarks.servers import ROOT
from tests.servers.installation import unprivileged_account
from tests.servers.ports import free_port

SHIPPED: Final = ROOT / "deploy" / "pgbouncer.ini"


class PgBouncer:
    """A running PgBouncer on 127.0.0.1."""

    def __init__(self, directory: Path, process: subprocess.Popen[bytes], settings: Mapping[str, str]) -> None:
        self._configuration = directory / "pgbouncer.ini"
        self._process = process
        self._settings = settings

    def use_server(self, url: str) -> None:
        """Connect to the server of a URL from now on, like an operator after a failover."""
        write_configuration(self._configuration, url, self._settings)
        self._process.send_signal(signal.SIGHUP)


@contextmanager
def running_pgbouncer(
    url: str, directory: Path, settings: Mapping[str, str], parameters: Mapping[str, str]
) -> Iterator[tuple[PgBouncer, str]]:
    """Run PgBouncer in front of the server of `url`, which contains role and password. Return also its URL.

    `settings` change the shipped configuration, `parameters` are added to the returned URL.
    """
    uid, gid = unprivileged_account()
    parsed, port = make_url(url), free_port()
    users = directory / "userlist.txt"
    users.write_text(f'"{parsed.username}" "{parsed.password}"\n')
    os.chown(users, uid, gid)
    users.chmod(0o600)
    settings = {**settings, "listen_addr": "127.0.0.1", "listen_port": str(port), "auth_file": str(users)}
    settings = {**settings, "unix_socket_dir": ""}
    write_configuration(configuration := directory / "pgbouncer.ini", url, settings)
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    with (directory / "pgbouncer.log").open("wb") as log:
        process = subprocess.Popen([program, configuration], user=uid, group=gid, stdout=log, stderr=log)
    try:
        wait_until_listening(port)
        through = parsed.set(port=port, query={"prepared_statement_cache_size": "0", **parameters})
        yield PgBouncer(directory, process, settings), through.render_as_string(hide_password=False)
    finally:
        process.terminate()
        process.wait(TIMEOUT)


def write_configuration(file: Path, url: str, settings: Mapping[str, str]) -> None:
    """Write the shipped configuration with another server and other settings."""
    server = make_url(url)
    database = f"{server.database} = host={server.host} port={server.port} dbname={server.database}"
    text = re.sub(r"^tasks = .*$", database, SHIPPED.read_text(), flags=re.MULTILINE)
    text = "".join(line for line in text.splitlines(keepends=True) if line.partition(" = ")[0] not in settings)
    file.write_text(text + "".join(f"{name} = {value}\n" for name, value in settings.items()))


def wait_until_listening(port: int) -> None:
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
