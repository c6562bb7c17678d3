"""The system of the guide for production: two instances, a worker, PgBouncer, Caddy and Valkey on this machine."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Final

import asyncpg

from adapters.sql.engine.urls import dsn_of
from benchmarks.operation.pgbouncer import PgBouncer, running_pgbouncer
from benchmarks.operation.programs import CHECKOUT, Instance, Program, Worker, run
from benchmarks.proxies.proxy import ADDRESSES, Proxy, running_proxy
from tests.documentation.production_guide import create_database, protect_database
from tests.servers.ports import free_port
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import ValkeyServer

DATABASE: Final = "tasks"
PASSWORD: Final = "of-both-roles"


@dataclass(slots=True)
class System:
    """A running system."""

    directory: Path
    owner_url: str
    """The server of the database itself, for `migrate` and `restore`."""
    service_url: str
    """The server itself, for `backup`."""
    pgbouncer: PgBouncer
    settings: dict[str, str]
    instances: list[Instance]
    worker: Worker
    url: str

    @property
    def programs(self) -> list[Program]:
        return [*self.instances, self.worker]

    @property
    def mails(self) -> Path:
        return self.directory / "mails"

    def run(self, *arguments: str, url: str, commands: Path = CHECKOUT) -> str:
        """Run a command of the service with the database at `url`. Return its output."""
        return run(list(arguments), {**self.settings, "DATABASE_URL": url}, self.directory, commands).stdout


@contextmanager
def running_system(
    postgres: PostgresServer,
    *,
    database_url: str | None = None,
    commands: Path = CHECKOUT,
    settings: Mapping[str, str] = MappingProxyType({}),
    bouncer_settings: Mapping[str, str] = MappingProxyType({}),
    bouncer_parameters: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[System]:
    """Run a system on a server without databases, as the guide says.

    Args:
        postgres: The server of the database.
        database_url: The URL for the service, by default that of PgBouncer.
        commands: The directory of the commands of the service, by default those of this checkout.
        settings: Settings of the service.
        bouncer_settings: Changes of the shipped configuration of PgBouncer.
        bouncer_parameters: Parameters of the URL of PgBouncer.
    """
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory()))
        directory.chmod(0o755)
        owner_url, service_url = new_database(postgres)
        bouncer, bouncer_url = stack.enter_context(
            running_pgbouncer(service_url, directory, bouncer_settings, bouncer_parameters)
        )
        common = {
            "DATABASE_URL": database_url or bouncer_url,
            "REDIS_URL": stack.enter_context(ValkeyServer()).url,
            "FILES_URL": (directory / "files").as_uri(),
            "MAIL_URL": (directory / "mails").as_uri(),
            "TRUSTED_PROXIES": "127.0.0.0/8",
            "RATE_LIMIT_ENABLED": "false",
            **settings,
        }
        run(["migrate"], {**common, "DATABASE_URL": owner_url}, directory, commands)
        asyncio.run(protect_database(postgres, DATABASE))
        port = free_port()
        instances = [Instance(address, port, common, directory) for address in ADDRESSES]
        worker = Worker(common, directory)
        for program in (*instances, worker):
            program.commands = commands
            stack.callback(program.stop)
            program.start()
        url = stack.enter_context(running_proxy(Proxy.CADDY, port, directory))
        yield System(directory, owner_url, service_url, bouncer, common, instances, worker, url)


def new_database(postgres: PostgresServer) -> tuple[str, str]:
    """Create the database with the statements of the guide. Return the URLs of the owner and of the service."""
    return asyncio.run(create_database(postgres, DATABASE, PASSWORD))


def select(url: str, query: str) -> list[str]:
    """Return the first column of the rows of a query."""

    async def fetch() -> list[str]:
        connection = await asyncpg.connect(dsn_of(url))
        try:
            return [str(row[0]) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return asyncio.run(fetch())
