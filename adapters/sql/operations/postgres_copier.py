import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import asyncpg
from sqlalchemy import URL, make_url

from adapters.sql.engine.postgres import dsn_of, is_behind_bouncer
from adapters.sql.operations import pg_tools
from adapters.sql.schema.migrator import AWAY, SqlSchema
from application.operations.ports import BackupRefused
from application.platform.unit_of_work import StorageUnavailable

PATIENCE: Final = 10.0
"""Seconds for a connection and for a question; how long a copy may take depends on what there is."""

SOMETHING: Final = """
    SELECT format('%s.%s', nspname, relname) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%' AND NOT EXISTS (
        SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
    ) LIMIT 1
"""
"""A table, view or sequence that belongs to no extension."""

OF_EXTENSIONS: Final = re.compile(r"\d+; \d+ \d+ (COMMENT - )?EXTENSION ")
"""Lines of a dump's list that only who owns the extension may restore."""

ALSO_LIBPQ: Final = re.compile(r"ssl\w+|host|port|target_session_attrs|passfile")
"""What may follow the `?` of a URL, for both the driver and PostgreSQL's own programs."""


class PostgresCopier:
    """By `pg_dump` and `pg_restore`. The copy is an ordinary one of `--format=custom`."""

    kind: Final = "postgresql"

    def __init__(self, url: str) -> None:
        self._whole_url = url
        self._url = make_url(url)
        self._schema = SqlSchema(url)

    async def revision(self) -> str | None:
        return await self._schema.current()

    def knows(self, revision: str) -> bool:
        return self._schema.knows(revision)

    async def dump(self, path: Path) -> None:
        if is_behind_bouncer(self._whole_url):
            raise BackupRefused("pg_dump does not work through PgBouncer: set DATABASE_URL to the server's own address")
        pg_dump = await self._program("pg_dump")
        await self._run(pg_dump, "--format=custom", "--no-owner", "--no-privileges", f"--file={path}")

    async def require_empty(self) -> None:
        async with self._connected() as connection:
            if name := await connection.fetchval(SOMETHING):
                raise BackupRefused(f"a backup is restored into a database where nothing is, and there is {name}")

    async def load(self, path: Path) -> None:
        """Extensions are made first, where the role may; an index that lacks its own is refused by name."""
        pg_restore = await self._program("pg_restore")
        listed = await self._run(pg_restore, "--list", str(path), is_connected=False)
        parts = listed.splitlines(keepends=True)
        await self._make_extensions({line.split()[-1] for line in parts if " EXTENSION - " in line})
        chosen = path.with_name("list")
        await asyncio.to_thread(chosen.write_text, "".join(line for line in parts if not OF_EXTENSIONS.match(line)))
        await self.require_empty()
        await self._run(
            pg_restore,
            "--single-transaction",
            "--exit-on-error",
            "--no-owner",
            "--no-privileges",
            f"--use-list={chosen}",
            str(path),
        )

    async def _program(self, name: str) -> Path:
        async with self._connected() as connection:
            return await pg_tools.program(name, connection.get_server_version().major)

    async def _run(self, program: Path, *arguments: str, is_connected: bool = True) -> str:
        """The password goes by the environment: everybody may read the arguments of a process."""
        if not is_connected:
            return await pg_tools.run(program, *arguments, environment=os.environ)
        query = {key: value for key, value in self._url.query.items() if ALSO_LIBPQ.fullmatch(key)}
        url = URL.create(
            "postgresql", self._url.username, None, self._url.host, self._url.port, self._url.database, query
        )
        password = {"PGPASSWORD": self._url.password} if self._url.password else {}
        return await pg_tools.run(
            program, f"--dbname={url.render_as_string()}", *arguments, environment=os.environ | password
        )

    async def _make_extensions(self, names: set[str]) -> None:
        async with self._connected() as connection:
            for name in names:
                with suppress(asyncpg.PostgresError):
                    await connection.execute(f'CREATE EXTENSION IF NOT EXISTS "{name}"')

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        try:
            connection = await asyncpg.connect(
                dsn_of(self._whole_url),
                timeout=PATIENCE,
                command_timeout=PATIENCE,
                statement_cache_size=0,
            )
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise StorageUnavailable(AWAY) from error
        try:
            yield connection
        finally:
            await connection.close()
