"""Count the requests that clients lose during rolling restarts behind Caddy or nginx, with the shipped configuration.

Needs `caddy` or `nginx` on the PATH and Linux, where 127.0.0.2 is an address of this machine.
Usage: `python -m benchmarks.proxies.rolling_restart --proxy caddy --gap 0.5`
"""

import asyncio
import os
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Annotated, Final

import httpx2
import typer

from adapters.sql.schema.migrator import SqlSchema
from benchmarks.servers import COMMON_ENVIRONMENT, ROOT, TASK_MANAGER
from tests.servers.ports import free_port
from tests.servers.postgres import PostgresServer

ADDRESSES: Final = ("127.0.0.1", "127.0.0.2")
"""The addresses of the two instances, which listen on the same port, like two containers."""
PASSWORD: Final = "Correct-Horse-Battery-7"
TIMEOUT: Final = 60.0

NGINX: Final = """
daemon off; worker_processes 1; pid {directory}/pid; error_log {directory}/log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
{shipped}
}}
"""


class Proxy(StrEnum):
    """The proxies that can be measured."""

    CADDY = "caddy"
    NGINX = "nginx"


class Instance:
    """One instance of the service with two processes."""

    def __init__(self, address: str, port: int, database_url: str, directory: Path) -> None:
        self._command = [TASK_MANAGER, "serve", "--host", address, "--port", str(port), "--workers", "2"]
        settings = {"DATABASE_URL": database_url, "TRUSTED_PROXIES": "127.0.0.0/8", "RATE_LIMIT_ENABLED": "false"}
        self._environment = {**os.environ, **COMMON_ENVIRONMENT, **settings, "PYTHONPATH": str(ROOT)}
        self._directory = directory
        self._url = f"http://{address}:{port}/monitoring/health"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the processes and wait until they are ready."""
        with (self._directory / "instances.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._directory, env=self._environment, stdout=log, stderr=log
            )
        try:
            wait_until_ready(self._url)
        except TimeoutError:
            typer.echo((self._directory / "instances.log").read_text()[-2000:], err=True)
            raise

    def stop(self) -> None:
        """Stop the processes with SIGTERM and wait for their end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(TIMEOUT)


def main(
    proxy: Annotated[Proxy, typer.Option(help="The proxy to measure.")] = Proxy.CADDY,
    gap: Annotated[float, typer.Option(help="Seconds from the start of one instance to the stop of the next.")] = 0.5,
    rounds: Annotated[int, typer.Option(help="Restarts of both instances.")] = 3,
    connections: Annotated[int, typer.Option(help="Clients; half of them send POST requests.")] = 16,
    configuration: Annotated[Path | None, typer.Option(help="Another configuration of the proxy.")] = None,
) -> None:
    """Restart two instances, one after the other, under a constant load."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory()))
        directory.chmod(0o755)
        database_url = f"{stack.enter_context(PostgresServer()).url('postgres')}?sslmode=disable"
        asyncio.run(SqlSchema(database_url).upgrade())
        port = free_port()
        instances = [Instance(address, port, database_url, directory) for address in ADDRESSES]
        for instance in instances:
            stack.callback(instance.stop)
            instance.start()
        url = stack.enter_context(running_proxy(proxy, port, directory, configuration))
        statuses, slowest = asyncio.run(measure(url, instances, gap, rounds, connections))
    total, good = statuses.total(), statuses["200"] + statuses["201"]
    typer.echo(f"{total} requests, {total - good} lost, slowest {slowest:.2f} s, {dict(statuses)}")


async def measure(
    url: str, instances: list[Instance], gap: float, rounds: int, connections: int
) -> tuple[Counter[str], float]:
    """Return the numbers of responses by status, and of errors by name, and the time of the slowest request."""
    statuses, slowest, stop = Counter[str](), 0.0, asyncio.Event()
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=url, timeout=TIMEOUT, limits=limits, trust_env=False) as client:
        account = {"username": "kim", "email": "kim@example.com", "password": PASSWORD}
        (await client.post("/api/v1/auth/register", json=account)).raise_for_status()
        login = await client.post("/api/v1/auth/login", json={"username": "kim", "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"

        async def send(number: int) -> None:
            nonlocal slowest
            while not stop.is_set():
                began_at = time.monotonic()
                try:
                    if number % 2:
                        response = await client.post("/api/v1/tasks", json={"title": "A task"})
                    else:
                        response = await client.get("/api/v1/tasks?limit=1")
                    statuses[str(response.status_code)] += 1
                except httpx2.HTTPError as error:
                    statuses[type(error).__name__] += 1
                slowest = max(slowest, time.monotonic() - began_at)
                await asyncio.sleep(0.01)

        async with asyncio.TaskGroup() as group:
            for number in range(connections):
                group.create_task(send(number))
            for _ in range(rounds):
                for instance in instances:
                    await asyncio.sleep(gap)
                    await asyncio.to_thread(instance.stop)
                    await asyncio.to_thread(instance.start)
            await asyncio.sleep(1)
            stop.set()
    return statuses, slowest


@contextmanager
def running_proxy(proxy: Proxy, service_port: int, directory: Path, configuration: Path | None) -> Iterator[str]:
    """Run a proxy in front of the instances. Return its URL."""
    port, environment = free_port(), dict(os.environ)
    if proxy is Proxy.CADDY:
        shipped = (configuration or ROOT / "deploy" / "Caddyfile").read_text()
        resolver = f"dynamic a service {service_port} {{\n\t\t\tresolvers udp/127.0.0.1:{start_name_server()}"
        text = shipped.replace("{\n", "{\n\tadmin off\n", 1).replace("dynamic a service 8000 {", resolver)
        environment |= {"SITE": f"http://127.0.0.1:{port}", "XDG_DATA_HOME": str(directory), "HOME": str(directory)}
        command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(directory / "configuration")]
    else:
        shipped = (configuration or ROOT / "deploy" / "nginx.conf").read_text()
        shipped = re.sub(r"^ *ssl_.*\n", "", shipped, flags=re.MULTILINE)
        text = NGINX.format(directory=directory, shipped=shipped)
        for number, address in enumerate(ADDRESSES, start=1):
            text = text.replace(f"service-{number}:8000", f"{address}:{service_port}")
        text = text.replace("listen 443 ssl", f"listen {port}")
        command = ["nginx", "-c", str(directory / "configuration")]
    (directory / "configuration").write_text(text)
    with (directory / "proxy.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/health")
        except TimeoutError:
            typer.echo((directory / "proxy.log").read_text(), err=True)
            raise
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(TIMEOUT)


def start_name_server() -> int:
    """Answer DNS queries for any IPv4 address with ADDRESSES, like Docker for the containers of a service."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            query, client = server.recvfrom(512)
            end = query.index(b"\0", 12) + 5
            question = query[12:end]
            records = [b"\xc0\x0c" + question[-4:] + b"\0\0\0\1\0\4" + socket.inet_aton(each) for each in ADDRESSES]
            records = records if question[-4:-2] == b"\0\1" else []
            counts = b"\0\1" + len(records).to_bytes(2, "big") + b"\0\0\0\0"
            server.sendto(query[:2] + b"\x81\x80" + counts + question + b"".join(records), client)

    Thread(target=serve, daemon=True).start()
    return int(server.getsockname()[1])


def wait_until_ready(url: str) -> None:
    """Wait for a response with status 200.

    Raises:
        TimeoutError: There was none in time.
    """
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        try:
            if httpx2.get(url, timeout=5, trust_env=False).status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"{url} is not ready")


if __name__ == "__main__":
    typer.run(main)
