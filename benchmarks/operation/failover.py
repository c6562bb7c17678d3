"""The primary of PostgreSQL dies or hangs, and a synchronous standby is promoted."""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import URL, make_url

from benchmarks.operation.load import Load
from benchmarks.operation.result import Result, result_of
from benchmarks.operation.system import DATABASE, PASSWORD, running_system
from tests.servers.postgres import PostgresServer
from tests.servers.standby import StandbyServer

DETECTION: Final = 1.0
"""Seconds from the failure of the primary to the promotion of the standby."""
RECOVERY: Final = 8.0
"""Seconds after the promotion in which requests may still fail."""
MAX_SECONDS: Final = 3.0
"""A request ends within 2 s, as the guide promises. The rest is for a busy machine."""

SYNCHRONOUS: Final = ("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")


def fail_over(clients: int, fail: Callable[[PostgresServer], None], *, is_behind_bouncer: bool) -> Result:
    """Let the primary fail under load and promote the standby.

    The service connects to both servers by a list of hosts, or to PgBouncer, which gets the new address.
    """
    with ExitStack() as stack:
        primary = stack.enter_context(PostgresServer())
        standby = stack.enter_context(StandbyServer(primary))
        for statement in SYNCHRONOUS:
            asyncio.run(primary.execute(statement))
        url = None if is_behind_bouncer else _url_of_both(primary, standby)
        system = stack.enter_context(running_system(primary, database_url=url))
        moved = make_url(standby.url(DATABASE)).set(username=DATABASE, password=PASSWORD)
        moved_url = moved.render_as_string(hide_password=False)
        with Load(system.url, clients) as load:
            time.sleep(4)
            fail(primary)
            time.sleep(DETECTION)
            standby.promote()
            if is_behind_bouncer:
                system.pgbouncer.use_server(moved_url)
            time.sleep(RECOVERY)
            failed = load.traffic.failures.total()
            time.sleep(4)
            failed_later = load.traffic.failures.total() - failed
        result = result_of(system, load, tolerated="503", database_url=moved_url)
        if failed_later:
            result.broken.append(f"{failed_later} requests fail more than {RECOVERY:.0f} s after the promotion")
        if load.traffic.slowest > MAX_SECONDS:
            result.broken.append(f"a request takes {load.traffic.slowest:.1f} s")
        return result


def _url_of_both(*servers: PostgresServer) -> str:
    ports = ",".join(str(urlsplit(server.url("")).port) for server in servers)
    hosts = {"host": ",".join("127.0.0.1" for _ in servers), "port": ports, "target_session_attrs": "primary"}
    url = URL.create("postgresql+asyncpg", DATABASE, PASSWORD, database=DATABASE, query=hosts)
    return url.render_as_string(hide_password=False)
