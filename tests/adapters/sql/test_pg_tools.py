import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import URL, make_url

from adapters.sql.operations import pg_tools
from adapters.sql.operations.pg_tools import find_program
from adapters.sql.operations.postgres_copier import PostgresCopier
from application.storage import BackupError
from tests.servers.postgres import Postgres

Install = Callable[[str, str], Path]

PASSWORD: Final = "canary: /?#%"
CP: Final = shutil.which("cp")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a fake pg_dump of a version in a folder. No other one is found."""
    monkeypatch.setattr(pg_tools, "DEBIAN_ROOT", tmp_path / "debian")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))

    def install(folder: str, version: str) -> Path:
        path = tmp_path / folder / "pg_dump"
        path.parent.mkdir(parents=True)
        path.write_text(
            f'#!/bin/sh\nif [ "$1" = --version ]; then echo "pg_dump (PostgreSQL) {version} (Debian 1.2)"; exit; fi\n'
            f'echo "$@" "$PGPASSWORD" > {tmp_path}/called\n'
            f'if [ "$PGSERVICEFILE" ]; then {CP} --preserve=mode "$PGSERVICEFILE" {tmp_path}/service; fi\n'
            f'echo "$PGSERVICEFILE" > {tmp_path}/service-name\n'
        )
        path.chmod(0o755)
        return path

    return install


async def test_the_same_or_the_next_newer_version_is_chosen(install: Install) -> None:
    install("debian/15/bin", "15.1")
    install("path", "16.2")
    eighteen, nineteen = install("debian/18/bin", "18.0"), install("debian/20/bin", "20beta1")

    assert await find_program("pg_dump", 18) == eighteen
    assert await find_program("pg_dump", 19) == nineteen


async def test_an_older_program_is_refused_with_both_versions(install: Install) -> None:
    install("path", "15.18")

    with pytest.raises(BackupError, match=r"pg_dump is version 15, .* 18"):
        await find_program("pg_dump", 18)


async def test_a_missing_program_is_reported_by_name(install: Install) -> None:
    with pytest.raises(BackupError, match=r"pg_dump is not installed: .* 18 or newer"):
        await find_program("pg_dump", 18)


async def test_the_password_is_not_a_command_line_argument(
    install: Install, postgres: Postgres, tmp_path: Path
) -> None:
    install("path", "99.0")
    url = make_url(postgres.url("postgres")).set(password=PASSWORD, query={"sslmode": "prefer"})

    await PostgresCopier(url.render_as_string(hide_password=False)).dump(tmp_path / "copy")

    called = (tmp_path / "called").read_text().strip()
    assert called.endswith(PASSWORD)
    assert called.count("canary") == 1
    assert f"--dbname=postgresql://{url.username}@{url.host}:{url.port}/postgres?sslmode=prefer " in called


async def test_the_password_of_the_client_key_is_only_in_a_private_service_file(
    install: Install, postgres: Postgres, tmp_path: Path
) -> None:
    install("path", "99.0")
    url = make_url(postgres.url("postgres")).set(query={"sslmode": "prefer", "sslpassword": PASSWORD})

    await PostgresCopier(url.render_as_string(hide_password=False)).dump(tmp_path / "copy")

    called = (tmp_path / "called").read_text()
    assert "canary" not in called and "/postgres?sslmode=prefer " in called
    service = tmp_path / "service"
    assert service.read_text() == f"[task-manager]\nsslpassword={PASSWORD}\n"
    assert service.stat().st_mode & 0o777 == 0o600
    original = Path((tmp_path / "service-name").read_text().strip())
    assert original.name.startswith("task-manager-") and not await asyncio.to_thread(original.exists)


async def test_a_password_in_the_query_is_not_a_command_line_argument(
    install: Install, postgres: Postgres, tmp_path: Path
) -> None:
    install("path", "99.0")
    url = make_url(postgres.url("postgres"))
    in_query = URL.create(
        url.drivername, None, None, url.host, url.port, "postgres", {"user": str(url.username), "password": PASSWORD}
    )

    await PostgresCopier(in_query.render_as_string(hide_password=False)).dump(tmp_path / "copy")

    called = (tmp_path / "called").read_text().strip()
    assert called.endswith(PASSWORD) and called.count("canary") == 1
    assert f"?user={url.username} " in called


async def test_a_dump_through_a_transaction_pool_is_refused(postgres: Postgres) -> None:
    url = f"{postgres.url('postgres')}?prepared_statement_cache_size=0"

    with pytest.raises(BackupError, match="PgBouncer"):
        await PostgresCopier(url).dump(Path("copy"))
