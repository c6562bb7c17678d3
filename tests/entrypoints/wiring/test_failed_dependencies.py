"""The cause of a failed readiness check is logged, without secrets."""

import asyncio
import re
import ssl
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from dependency_injector import providers
from sqlalchemy import make_url
from structlog.testing import capture_logs

from entrypoints.wiring.container import Container, open_container
from tests.conftest import run_in_thread
from tests.entrypoints.given import make_settings
from tests.servers.certificates import self_signed
from tests.servers.ports import free_port
from tests.servers.postgres import Postgres, PostgresServer
from tests.servers.s3 import environment

ACCESS: Final = b"""
host all postgres 127.0.0.1/32 trust
host all tasks 127.0.0.1/32 scram-sha-256
hostssl all encrypted 127.0.0.1/32 scram-sha-256
"""


async def logged(**settings: Any) -> list[str]:
    """Return the causes that two reports log."""
    container = Container(settings=providers.Object(make_settings(**settings)))
    with capture_logs() as events:
        async with open_container(container):
            for _ in range(2):
                await container.services().health.report()
    assert "canary" not in str(events)
    return [f"{event['dependency']}: {event['reason']}" for event in events if event["event"] == "dependency_failed"]


async def logged_of_database(url: str, tmp_path: Path, **changes: Any) -> list[str]:
    changed = make_url(url).set(**changes).render_as_string(hide_password=False)
    return await logged(database_url=changed, files_url=(tmp_path / "files").as_uri())


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"port": None}, "Connect call failed"),
        ({"username": "stranger"}, 'role "stranger" does not exist'),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"query": {"sslmode": "require"}}, "PostgreSQL server at .* rejected SSL upgrade"),
    ],
    ids=str,
)
async def test_the_cause_of_a_failed_database_is_logged_once(
    postgres: Postgres, changes: dict[str, Any], cause: str, tmp_path: Path
) -> None:
    if "port" in changes:
        changes = {"port": free_port()}

    (line,) = await logged_of_database(postgres.url("postgres"), tmp_path, password="canary", **changes)

    assert line.startswith("database: no connection to the database: ")
    assert re.search(cause, line), line


async def test_the_privileges_that_the_role_lacks_are_logged(
    postgres: Postgres, postgres_database: str, postgres_url: str, tmp_path: Path
) -> None:
    role = f"role_{uuid4().hex}"
    await postgres.execute(
        f"CREATE ROLE {role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};"
        f"REVOKE INSERT, UPDATE ON jobs FROM {role}",
        postgres_database,
    )
    try:
        missing = await logged_of_database(postgres_url, tmp_path, username=role)
        await postgres.execute(f"REVOKE ALL ON alembic_version FROM {role}", postgres_database)
        unreadable = await logged_of_database(postgres_url, tmp_path, username=role)
    finally:
        await postgres.execute(f"DROP OWNED BY {role}; DROP ROLE {role}", postgres_database)

    assert missing == ["database: the role of DATABASE_URL lacks privileges: INSERT on jobs, UPDATE on jobs"]
    assert unreadable == [
        "database: the role of DATABASE_URL lacks a privilege: permission denied for table alembic_version"
    ]


@pytest.fixture(scope="module")
def locked_server() -> Iterator[PostgresServer]:
    """A server whose roles `tasks` and `encrypted` need a password, the second one also TLS."""
    with PostgresServer(files={"pg_hba.conf": ACCESS}) as server:
        run_in_thread(server.execute("CREATE ROLE tasks LOGIN PASSWORD 'right'; CREATE ROLE encrypted LOGIN"))
        yield server


@pytest.mark.parametrize(
    ("role", "cause"),
    [
        ("tasks", 'password authentication failed for user "tasks"'),
        ("encrypted", "no pg_hba.conf entry for host .*, no encryption"),
    ],
)
async def test_the_cause_of_a_refused_login_is_logged_once(
    locked_server: PostgresServer, role: str, cause: str, tmp_path: Path
) -> None:
    url = locked_server.url("postgres")

    (line,) = await logged_of_database(url, tmp_path, username=role, password="canary")

    assert line.startswith("database: no connection to the database: ")
    assert re.search(cause, line), line


@asynccontextmanager
async def refusing(code: str, message: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Run a server that refuses each connection with an error of PostgreSQL. Yield its port."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if tls is not None:
            await reader.readexactly(8)  # the request for TLS
            writer.write(b"S")
            try:
                await writer.start_tls(tls)
            except OSError:  # the client does not trust the certificate
                return
        (length,) = struct.unpack("!i", await reader.readexactly(4))
        await reader.readexactly(length - 4)
        fields = b"".join(
            kind + text.encode() + b"\0" for kind, text in ((b"S", "FATAL"), (b"C", code), (b"M", message))
        )
        writer.write(b"E" + struct.pack("!i", len(fields) + 5) + fields + b"\0")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("authority", "cause"),
    [
        ("right.pem", "refused after TLS"),
        ("wrong.pem", "certificate verify failed"),
        ("none.pem", "the file of sslrootcert does not exist"),
    ],
)
async def test_the_cause_of_failed_tls_is_logged_once(authority: str, cause: str, tmp_path: Path) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    for name in ("wrong", "right"):
        key, certificate = self_signed("localhost")
        (tmp_path / f"{name}.pem").write_bytes(certificate)
        (tmp_path / "key").write_bytes(key)
    tls.load_cert_chain(tmp_path / "right.pem", tmp_path / "key")

    async with refusing("28000", "refused after TLS", tls) as port:
        query = f"sslmode=verify-full&sslrootcert={tmp_path / authority}"
        (line,) = await logged_of_database(
            f"postgresql+asyncpg://tasks:canary@localhost:{port}/tasks?{query}", tmp_path
        )

    assert line.startswith("database: no connection to the database: ")
    assert cause in line


async def test_the_parameter_that_pgbouncer_needs_is_logged(tmp_path: Path) -> None:
    async with refusing("08P01", "unsupported startup parameter: lock_timeout") as port:
        url = f"postgresql+asyncpg://tasks:canary@127.0.0.1:{port}/tasks?sslmode=disable"
        (line,) = await logged_of_database(url, tmp_path)

    assert "PgBouncer needs ?prepared_statement_cache_size=0 in DATABASE_URL" in line


async def test_the_cause_of_an_unusable_file_store_is_logged_once(tmp_path: Path) -> None:
    (file := tmp_path / "file").touch()

    (line,) = await logged(storage="memory", files_url=file.as_uri())

    assert line.startswith("storage: files cannot be read or written: "), line


async def test_the_cause_of_a_refused_request_to_s3_is_logged_without_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = (
        b"<?xml version='1.0'?><Error><Code>SignatureDoesNotMatch</Code><Message>canary</Message>"
        b"<AWSAccessKeyId>canary</AWSAccessKeyId><StringToSign>canary</StringToSign></Error>"
    )

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        for name, value in environment(f"http://{host}:{port}").items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "canary")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
        (line,) = await logged(storage="memory", files_url="s3://bucket/prefix")

    assert line.startswith("storage: the file store is unavailable: ")
    assert line.endswith("403 Forbidden: SignatureDoesNotMatch")
