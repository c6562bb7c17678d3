"""Count the requests that clients lose during rolling restarts behind Caddy or nginx, with the shipped configuration.

Needs `caddy` or `nginx` on the PATH and Linux, where 127.0.0.2 is an address of this machine.
Usage: `python -m benchmarks.proxies.rolling_restart --proxy caddy --gap 0.5`
"""

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from adapters.sql.schema.migrator import SqlSchema
from benchmarks.operation.load import Load
from benchmarks.operation.programs import Instance
from benchmarks.proxies.proxy import ADDRESSES, Proxy, running_proxy
from tests.servers.ports import free_port
from tests.servers.postgres import PostgresServer


def main(
    proxy: Annotated[Proxy, typer.Option(help="The proxy to measure.")] = Proxy.CADDY,
    gap: Annotated[float, typer.Option(help="Seconds from the start of one instance to the stop of the next.")] = 0.5,
    rounds: Annotated[int, typer.Option(help="Restarts of both instances.")] = 3,
    clients: Annotated[int, typer.Option(help="Clients that send requests, two for each account.")] = 16,
    configuration: Annotated[Path | None, typer.Option(help="Another configuration of the proxy.")] = None,
) -> None:
    """Restart two instances, one after the other, under a constant load."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory()))
        directory.chmod(0o755)
        database_url = f"{stack.enter_context(PostgresServer()).url('postgres')}?sslmode=disable"
        asyncio.run(SqlSchema(database_url).upgrade())
        settings = {"DATABASE_URL": database_url, "TRUSTED_PROXIES": "127.0.0.0/8", "RATE_LIMIT_ENABLED": "false"}
        port = free_port()
        instances = [Instance(address, port, settings, directory) for address in ADDRESSES]
        for instance in instances:
            stack.callback(instance.stop)
            instance.start()
        url = stack.enter_context(running_proxy(proxy, port, directory, configuration))
        with Load(url, clients) as load:
            for instance in instances * rounds:
                time.sleep(gap)
                instance.restart()
            time.sleep(1)
    traffic = load.traffic
    typer.echo(
        f"{traffic.requests} requests, {traffic.failures.total()} lost, slowest {traffic.slowest:.2f} s, "
        f"{dict(traffic.failures)}"
    )


if __name__ == "__main__":
    typer.run(main)
