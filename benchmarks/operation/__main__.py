"""Operate the system of the guide for production under load, and count the requests that fail.

Two instances of two processes, a worker, PgBouncer, Caddy and Valkey run on this machine, as docs/production.md says.
Needs `pgbouncer`, a current `caddy` on the PATH, and Linux, where 127.0.0.2 is an address of this machine.

Usage: `python -m benchmarks.operation [SCENARIO …]`. The exit code is 1 if a promise of the guide is broken.
"""

import os
import signal
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import Annotated, Final

import typer
from rich.console import Console

from benchmarks.operation.backup import back_up
from benchmarks.operation.failover import fail_over
from benchmarks.operation.restarts import restart, rotate_key, upgrade
from benchmarks.operation.result import Result, table_of
from benchmarks.operation.tls import verify_certificates
from tests.servers.postgres import PostgresServer


class Scenario(StrEnum):
    """What an operator does, or what happens to the system."""

    UPGRADE = "upgrade"
    KEYS = "keys"
    FAILOVER = "failover"
    FAILOVER_HANG = "failover-hang"
    FAILOVER_PGBOUNCER = "failover-pgbouncer"
    FAILOVER_PGBOUNCER_HANG = "failover-pgbouncer-hang"
    BACKUP = "backup"
    RESTART = "restart"
    TLS = "tls"


RUN: Final[Mapping[Scenario, Callable[[int], Result]]] = {
    Scenario.UPGRADE: upgrade,
    Scenario.KEYS: rotate_key,
    Scenario.FAILOVER: partial(fail_over, fail=PostgresServer.kill, is_behind_bouncer=False),
    Scenario.FAILOVER_HANG: partial(fail_over, fail=PostgresServer.pause, is_behind_bouncer=False),
    Scenario.FAILOVER_PGBOUNCER: partial(fail_over, fail=PostgresServer.kill, is_behind_bouncer=True),
    Scenario.FAILOVER_PGBOUNCER_HANG: partial(fail_over, fail=PostgresServer.pause, is_behind_bouncer=True),
    Scenario.BACKUP: back_up,
    Scenario.RESTART: restart,
    Scenario.TLS: verify_certificates,
}


def main(
    scenarios: Annotated[list[Scenario] | None, typer.Argument(help="By default, all.")] = None,
    clients: Annotated[int, typer.Option(min=2, help="Clients that send requests, two for each account.")] = 12,
    previous: Annotated[
        str | None, typer.Option(help="Revision to upgrade from, by default before the last migration.")
    ] = None,
) -> None:
    """Run scenarios and print a table of their requests and failures."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop the programs, as after Ctrl-C
    run: dict[Scenario, Callable[[int], Result]] = {**RUN, Scenario.UPGRADE: partial(upgrade, revision=previous)}
    results = []
    for scenario in scenarios or list(Scenario):
        typer.echo(f"{scenario} …", err=True)
        results.append((scenario.value, run[scenario](clients)))
    console = Console(width=140)
    console.print(table_of(results))
    console.print(f"{clients} clients, load of the machine {os.getloadavg()[0]:.1f}")
    for name, result in results:
        for promise in result.broken:
            console.print(f"{name}: {promise}", markup=False)
    raise typer.Exit(any(result.broken for _, result in results))


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
