"""A backup of a running system, restored into another one."""

import asyncio
import os
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.operation.clients import Account
from benchmarks.operation.load import Load
from benchmarks.operation.programs import Instance, run
from benchmarks.operation.result import Result, result_of
from benchmarks.operation.system import DATABASE, System, new_database, running_system
from benchmarks.operation.verification import stored_wrongly
from tests.documentation.production_guide import protect_database
from tests.servers.installation import client_programs
from tests.servers.ports import free_port
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import ValkeyServer


def back_up(clients: int) -> Result:
    """Back up under load. Restore on another server, and compare the copy with what was acknowledged before."""
    with ExitStack() as stack:
        postgres = stack.enter_context(PostgresServer())
        system = stack.enter_context(running_system(postgres))
        system.settings["PATH"] = f"{client_programs()}:{os.environ['PATH']}"
        archive = system.directory / "archive"
        with Load(system.url, clients) as load:
            time.sleep(8)
            acknowledged = load.copy_accounts()
            began_at = time.monotonic()
            system.run("backup", str(archive), url=system.service_url)
            took = time.monotonic() - began_at
            time.sleep(2)
        result = result_of(system, load)
        result.broken += _problems_of_copy(system, archive, load, acknowledged)
        writes = sum(len(account.tasks.entries) + len(account.files.entries) for account in acknowledged)
        result.remarks.append(f"backup of {writes} tasks and files took {took:.1f} s")
        return result


def _problems_of_copy(system: System, archive: Path, load: Load, acknowledged: list[Account]) -> list[str]:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory()))
        postgres = stack.enter_context(PostgresServer())
        owner_url, service_url = new_database(postgres)
        files, valkey = (directory / "files").as_uri(), stack.enter_context(ValkeyServer())
        settings = {**system.settings, "DATABASE_URL": service_url, "FILES_URL": files, "REDIS_URL": valkey.url}
        run(["restore", str(archive)], {**settings, "DATABASE_URL": owner_url}, directory)
        asyncio.run(protect_database(postgres, DATABASE))
        copy = Instance("127.0.0.1", free_port(), settings, directory)
        stack.callback(copy.stop)
        copy.start()
        return [f"in the copy: {problem}" for problem in stored_wrongly(copy.url, load.accounts, acknowledged)]
