import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

import asyncpg
from sqlalchemy import URL, make_url

from adapters.sql.engine.hosts import Hosts
from adapters.sql.engine.urls import is_behind_bouncer, libpq_url_of
from adapters.sql.operations import pg_tools
from adapters.sql.schema.connections import UNREACHABLE
from adapters.sql.schema.files import file_store
from adapters.sql.schema.migrator import SqlSchema
from application.platform.unit_of_work import StorageUnavailable
from application.storage import BackupError, SchemaRevision

TIMEOUT: Final = 10.0
"""Seconds for a connection and for a query. A dump or restore may take longer."""

ANY_RELATION: Final = """
    SELECT format('%s.%s', nspname, relname) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%' AND NOT EXISTS (
        SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
    ) LIMIT 1
"""
"""The name of a table, view or sequence that does not belong to an extension."""

PREPARED_ENTRY: Final = re.compile(r"\d+; \d+ \d+ (COMMENT - )?(EXTENSION|SCHEMA) ")
"""Entries of a dump that only the owner of the extension may restore, or that a restore may find in the database."""

PREPARING_STATEMENT: Final = re.compile(r"^CREATE (?:EXTENSION|SCHEMA) [^;]+;$", re.MULTILINE)

VERSION_ENTRY: Final = re.compile(r"^\d+; \d+ \d+ TABLE (.+) alembic_version ", re.MULTILINE)
"""The entry of the table that has the revision. Its group is the schema of all tables."""

IS_IN_SEARCH_PATH: Final = """
    SELECT $1 IN (
        SELECT CASE name WHEN '$user' THEN current_user ELSE name END
        FROM regexp_split_to_table(current_setting('search_path'), '\\s*,\\s*') AS part, btrim(part, '"') AS name
    )
"""

SERVICE: Final = "task-manager"
"""Name of the section in a connection service file of libpq."""


class PostgresCopier:
    """Copy a database with `pg_dump` and `pg_restore`. The copy is a normal dump in the custom format."""

    kind: Final = "postgresql"

    def __init__(self, url: str) -> None:
        self._whole_url = url
        self._url = make_url(url)
        self._schema = SqlSchema(url)

    async def revision(self) -> SchemaRevision | None:
        return await self._schema.current()

    def is_readable(self, revision: SchemaRevision) -> bool:
        return revision.is_readable_by(self._schema.revisions)

    async def dump(self, path: Path) -> None:
        if is_behind_bouncer(self._whole_url):
            raise BackupError("pg_dump does not work through PgBouncer: set DATABASE_URL to the address of the server")
        pg_dump = await self._program("pg_dump")
        options = ("--format=custom", "--encoding=UTF8", "--no-owner", "--no-privileges")
        await self._run(pg_dump, *options, f"--exclude-table-data=*.{file_store.name}", f"--file={path}")

    async def require_empty(self) -> None:
        async with self._connected() as connection:
            if name := await connection.fetchval(ANY_RELATION):
                raise BackupError(f"a backup can only be restored into an empty database, but {name} exists")

    async def load(self, path: Path) -> None:
        """Restore a dump.

        Creates the schema and the extensions first, if they do not exist and the role may. Without an extension,
        pg_restore names the index that needs it.
        """
        pg_restore = await self._program("pg_restore")
        listing = await self._run(pg_restore, "--list", str(path), is_connected=False)
        entries = listing.splitlines(keepends=True)
        await self.require_empty()
        await self._require_search_path(listing)
        prepared = [line for line in entries if PREPARED_ENTRY.match(line)]
        await self._prepare(await self._script(pg_restore, path, prepared))
        list_file = await _write_list(path, [line for line in entries if line not in prepared])
        await self._run(
            pg_restore,
            "--single-transaction",
            "--exit-on-error",
            "--no-owner",
            "--no-privileges",
            f"--use-list={list_file}",
            str(path),
        )

    async def _program(self, name: str) -> Path:
        async with self._connected() as connection:
            return await pg_tools.find_program(name, connection.get_server_version().major)

    async def _run(self, program: Path, *arguments: str, is_connected: bool = True) -> str:
        """Run a program. Secrets are no arguments, because all users of the machine can read these."""
        if not is_connected:
            return await pg_tools.run(program, *arguments, environment=os.environ)
        with _secrets(self._url) as secrets:
            return await pg_tools.run(
                program, f"--dbname={libpq_url_of(self._whole_url)}", *arguments, environment=os.environ | secrets
            )

    async def _require_search_path(self, listing: str) -> None:
        """Check that this role finds the tables after the restore."""
        if (found := VERSION_ENTRY.search(listing)) is None:
            return
        async with self._connected() as connection:
            if not await connection.fetchval(IS_IN_SEARCH_PATH, found[1]):
                raise BackupError(
                    f"the tables of the backup are in the schema {found[1]}, which this role does not search: "
                    f'ALTER ROLE … SET search_path = "{found[1]}", public'
                )

    async def _script(self, pg_restore: Path, path: Path, entries: list[str]) -> str:
        """Return the SQL of some entries of a dump."""
        use_list = f"--use-list={await _write_list(path, entries)}"
        return await self._run(pg_restore, "--file=-", use_list, str(path), is_connected=False)

    async def _prepare(self, script: str) -> None:
        """Create schemas and extensions. Each extension gets the schema that the indexes of the dump name."""
        statements = PREPARING_STATEMENT.findall(script)
        async with self._connected() as connection:
            for statement in sorted(statements, reverse=True):  # schemas first
                with suppress(asyncpg.PostgresError):  # it exists, or the role may not create it
                    await connection.execute(statement)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        try:
            connection = await Hosts(self._whole_url).connect(command_timeout=TIMEOUT, statement_cache_size=0)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise StorageUnavailable(UNREACHABLE) from error
        try:
            yield connection
        finally:
            await connection.close()


async def _write_list(path: Path, entries: list[str]) -> Path:
    """Write a list file for pg_restore beside a dump."""
    await asyncio.to_thread((file := path.with_name("list")).write_text, "".join(entries), "utf-8")
    return file


@contextmanager
def _secrets(url: URL) -> Iterator[dict[str, str]]:
    """Return the environment with the secrets of a URL.

    libpq has no variable for `sslpassword`, which decrypts the client's key: a service file contains it.
    """
    environment: dict[str, str] = {}
    if password := url.password or url.query.get("password"):
        environment["PGPASSWORD"] = str(password)
    if not (key_password := url.query.get("sslpassword")):
        yield environment
        return
    with NamedTemporaryFile("w", prefix="task-manager-") as file:  # with mode 0600
        file.write(f"[{SERVICE}]\nsslpassword={key_password}\n")
        file.flush()
        yield environment | {"PGSERVICEFILE": file.name, "PGSERVICE": SERVICE}
