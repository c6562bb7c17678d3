"""A command that cannot do its work prints an error message and changes nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import pytest
from sqlalchemy import make_url

from adapters.archive.zip import ZipArchiveFormat
from adapters.files.local import LocalFileStore
from adapters.sql.schema.migrator import SqlSchema
from application.operations.backup import Manifest
from application.storage import BackupError, SchemaRevision
from entrypoints.cli.exits import ExitCode
from tests.entrypoints.cli.backup.command import (
    back_up,
    chunks,
    require_failure,
    task_manager,
    task_manager_process,
)
from tests.entrypoints.wiring.storages import THIRD_PARTY_STORAGE
from tests.migrations.databases import execute, tables

TARGET_FILES: Final = ("target.db", "target.db-wal", "target.db-shm", "target.db-journal")

UNREADABLE: Final = "manifest of the backup cannot be read"

INVALID_MANIFESTS: Final = {
    b"": UNREADABLE,
    b"[]": UNREADABLE,
    b'{"format": 1}': UNREADABLE,
    b'{"format": 1, "database": "sqlite", "revision": "0001", "made_at": "yesterday"}': UNREADABLE,
    b'{"format": 2, "surprise": true}': "format 2, but this version reads format 1",
}


def change_manifest(file: Path, **fields: str) -> Path:
    """Create a copy of a valid archive with another manifest."""
    result = file.with_name("-".join(fields))
    with ZipFile(file) as archive, ZipArchiveFormat().create(result) as copy:
        copy.add("manifest.json", json.dumps(json.loads(archive.read("manifest.json")) | fields).encode())
        copy.add("database", archive.read("database"))
    return result


async def require_empty(url: str) -> None:
    if url.startswith("sqlite"):
        assert not Path(make_url(url).database or "").parent.exists()
    else:
        assert await tables(url) == set()


async def test_a_backup_of_another_revision_or_database_is_rejected(url: str, empty_url: str, tmp_path: Path) -> None:
    file = back_up(url, tmp_path / "backup")

    unknown, foreign = (
        change_manifest(file, revision="9999", compatible_from="9999"),
        change_manifest(file, database="mysql"),
    )

    assert "revision 9999" in require_failure("restore", unknown, url=empty_url)
    assert "for mysql" in require_failure("restore", foreign, url=empty_url)
    await require_empty(empty_url)


@pytest.mark.parametrize("content", INVALID_MANIFESTS)
def test_an_invalid_manifest_is_rejected(content: bytes) -> None:
    with pytest.raises(BackupError, match=INVALID_MANIFESTS[content]):
        Manifest.from_json(content)


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_a_damaged_archive_is_rejected(kind: str, url: str, empty_url: str, tmp_path: Path) -> None:
    content = back_up(url, tmp_path / "backup").read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    (damaged := tmp_path / "damaged").write_bytes(flipped)
    (truncated := tmp_path / "truncated").write_bytes(content[:-1])
    with ZipArchiveFormat().create(empty := tmp_path / "empty"):
        pass

    assert "damaged" in require_failure("restore", damaged, url=empty_url)
    assert "damaged" in require_failure("restore", truncated, url=empty_url)
    assert "no entry named manifest.json" in require_failure("restore", empty, url=empty_url)
    assert "does not exist" in require_failure("restore", tmp_path / "missing", url=empty_url)
    await require_empty(empty_url)


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_a_restore_that_fails_late_leaves_nothing(kind: str, url: str, empty_url: str, tmp_path: Path) -> None:
    """A role that may create tables but no extensions fails at the indexes, which are restored last."""
    name = make_url(empty_url).database
    await execute(empty_url, f"CREATE ROLE {name} LOGIN", f"GRANT USAGE, CREATE ON SCHEMA public TO {name}")
    try:
        role_url = make_url(empty_url).set(username=name).render_as_string()
        await LocalFileStore(tmp_path / "files").put("ann/file", chunks(b"content"))
        file = back_up(url, tmp_path / "backup", FILES_URL=f"file://{tmp_path}/files")
        message = require_failure("restore", file, url=role_url, FILES_URL=f"file://{tmp_path}/target")

        assert "operator class" in message
        assert await tables(empty_url) == set()
        assert [stored async for stored in LocalFileStore(tmp_path / "target").list()] == []
    finally:
        await execute(empty_url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


@pytest.mark.parametrize("kind", ["postgresql"])
@pytest.mark.parametrize(
    "statement", ["CREATE TABLE mine (id INTEGER)", "CREATE SCHEMA mine CREATE VIEW here AS SELECT 1 AS one"]
)
async def test_a_database_that_is_not_empty_is_not_changed(
    kind: str, url: str, empty_url: str, tmp_path: Path, statement: str
) -> None:
    await execute(empty_url, statement)
    before = await tables(empty_url)

    message = require_failure("restore", back_up(url, tmp_path / "backup"), url=empty_url)

    assert "mine" in message
    assert await tables(empty_url) == before


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("suffix", ["", "-wal", "-journal"])
async def test_an_existing_sqlite_file_is_not_changed(kind: str, url: str, tmp_path: Path, suffix: str) -> None:
    (existing := tmp_path / f"target.db{suffix}").write_bytes(b"mine")

    require_failure("restore", back_up(url, tmp_path / "backup"), url=f"sqlite+aiosqlite:///{tmp_path}/target.db")

    assert existing.read_bytes() == b"mine"
    assert [path for path in map(tmp_path.joinpath, TARGET_FILES) if path.exists()] == [existing]


async def test_a_file_store_that_is_not_empty_is_not_changed(url: str, empty_url: str, tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path / "files")
    await store.put("ann/mine", chunks(b"mine"))

    message = require_failure(
        "restore", back_up(url, tmp_path / "backup"), url=empty_url, FILES_URL=f"file://{tmp_path}/files"
    )

    assert "FILES_URL" in message
    assert [stored.key async for stored in store.list()] == ["ann/mine"]
    await require_empty(empty_url)


async def test_a_backup_overwrites_no_file(url: str, tmp_path: Path) -> None:
    (file := tmp_path / "backup").write_bytes(b"of yesterday")

    assert "already exists" in require_failure("backup", file, url=url)
    assert "can't be written" in require_failure("backup", tmp_path / "missing/backup", url=url)

    assert file.read_bytes() == b"of yesterday"


async def test_only_a_migrated_database_of_a_known_revision_is_backed_up(
    url: str, empty_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    assert "never migrated" in require_failure("backup", file, url=empty_url)
    await execute(url, "UPDATE alembic_version SET version_num = '9999', compatible_from = '9999'")
    assert "revision 9999" in require_failure("backup", file, url=url)
    assert not file.exists()


@pytest.mark.parametrize("storage", ["memory", THIRD_PARTY_STORAGE])
@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_storage_without_sql_is_rejected(command: str, storage: str, tmp_path: Path) -> None:
    message = require_failure(command, tmp_path / "backup", url="sqlite+aiosqlite:///x.db", STORAGE=storage)

    assert "STORAGE" in message


@pytest.mark.parametrize(("command", "run"), [("backup", task_manager_process), ("restore", task_manager)])
def test_an_unreachable_database_is_reported_without_its_password(
    command: str, run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    code, output = run(command, tmp_path / "backup", url="postgresql+asyncpg://ann:canary@127.0.0.1:1/tasks")

    assert code in (ExitCode.USAGE, ExitCode.UNAVAILABLE), output
    assert "Traceback" not in output
    assert "canary" not in output


async def test_an_older_revision_is_restored_and_can_be_migrated(url: str, empty_url: str, tmp_path: Path) -> None:
    await SqlSchema(url).downgrade("0001")
    log = tmp_path / "audit.log"
    file = back_up(url, tmp_path / "backup", AUDIT_LOG=str(log))

    assert task_manager("restore", file, url=empty_url, AUDIT_LOG=str(log))[0] == 0
    assert [json.loads(line)["event"] for line in log.read_text().splitlines()] == ["backed_up", "restored"]
    assert await SqlSchema(empty_url).current() == SchemaRevision("0001")
    await SqlSchema(empty_url).upgrade()
    await SqlSchema(empty_url).check()
