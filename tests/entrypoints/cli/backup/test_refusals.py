"""What can't be done is told in a sentence, and changes nothing."""

import json
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import pytest
from sqlalchemy import make_url

from adapters.archive.zip import ZipArchives
from adapters.files.local import LocalFileStore
from adapters.sql.schema.migrator import SqlSchema
from application.operations.backup import Manifest
from application.operations.ports import BackupRefused
from tests.entrypoints.cli.backup.command import backed_up, once, require_refused, task_manager
from tests.migrations.databases import execute, tables

BESIDE: Final = ("here.db", "here.db-wal", "here.db-shm", "here.db-journal")

WRONG: Final = {
    b"": "no manifest that can be read",
    b"[]": "no manifest that can be read",
    b'{"format": 1}': "no manifest that can be read",
    b'{"format": 1, "database": "sqlite", "revision": "0001", "made_at": "yesterday"}': "no manifest that can be read",
    b'{"format": 2, "surprise": true}': "format 2, this program reads 1",
}


def changed(file: Path, **told: str) -> Path:
    """A sound archive with another manifest."""
    result = file.with_name("-".join(told))
    with ZipFile(file) as archive, ZipArchives().create(result) as copy:
        copy.add("manifest.json", json.dumps(json.loads(archive.read("manifest.json")) | told).encode())
        copy.add("database", archive.read("database"))
    return result


async def require_nothing_at(url: str) -> None:
    if url.startswith("sqlite"):
        assert not Path(make_url(url).database or "").parent.exists()
    else:
        assert await tables(url) == set()


async def test_a_backup_that_does_not_fit_is_refused(url: str, empty_url: str, tmp_path: Path) -> None:
    file = backed_up(url, tmp_path / "backup")

    unknown, foreign = changed(file, revision="9999"), changed(file, database="mysql")

    assert "revision 9999" in require_refused("restore", unknown, url=empty_url)
    assert "of mysql" in require_refused("restore", foreign, url=empty_url)
    await require_nothing_at(empty_url)


@pytest.mark.parametrize("content", WRONG)
def test_a_manifest_of_another_kind_is_refused(content: bytes) -> None:
    with pytest.raises(BackupRefused, match=WRONG[content]):
        Manifest.from_json(content)


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_what_is_damaged_or_no_backup_is_refused(kind: str, url: str, empty_url: str, tmp_path: Path) -> None:
    whole = backed_up(url, tmp_path / "backup").read_bytes()
    middle = len(whole) // 2
    (damaged := tmp_path / "damaged").write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    (cut := tmp_path / "cut").write_bytes(whole[:-1])
    with ZipArchives().create(empty := tmp_path / "empty"):
        pass

    assert "damaged" in require_refused("restore", damaged, url=empty_url)
    assert "damaged" in require_refused("restore", cut, url=empty_url)
    assert "no part named manifest.json" in require_refused("restore", empty, url=empty_url)
    assert "there is no" in require_refused("restore", tmp_path / "nowhere", url=empty_url)
    await require_nothing_at(empty_url)


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_what_can_not_be_loaded_to_its_end_leaves_nothing(
    kind: str, url: str, empty_url: str, tmp_path: Path
) -> None:
    """A role that may make tables but no extensions gets to the indexes, which come last."""
    name = make_url(empty_url).database
    await execute(empty_url, f"CREATE ROLE {name} LOGIN", f"GRANT USAGE, CREATE ON SCHEMA public TO {name}")
    try:
        own = make_url(empty_url).set(username=name).render_as_string()
        await LocalFileStore(tmp_path / "files").put("ann/file", once(b"bytes"))
        file = backed_up(url, tmp_path / "backup", FILES_URL=f"file://{tmp_path}/files")
        told = require_refused("restore", file, url=own, FILES_URL=f"file://{tmp_path}/elsewhere")

        assert "operator class" in told
        assert await tables(empty_url) == set()
        assert [stored async for stored in LocalFileStore(tmp_path / "elsewhere").list()] == []
    finally:
        await execute(empty_url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


@pytest.mark.parametrize("kind", ["postgresql"])
@pytest.mark.parametrize(
    "something", ["CREATE TABLE mine (id INTEGER)", "CREATE SCHEMA mine CREATE VIEW here AS SELECT 1 AS one"]
)
async def test_a_place_where_something_else_is_is_left_alone(
    kind: str, url: str, empty_url: str, tmp_path: Path, something: str
) -> None:
    await execute(empty_url, something)
    before = await tables(empty_url)

    told = require_refused("restore", backed_up(url, tmp_path / "backup"), url=empty_url)

    assert "mine" in told
    assert await tables(empty_url) == before


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("suffix", ["", "-wal", "-journal"])
async def test_a_file_that_is_there_is_left_alone(kind: str, url: str, tmp_path: Path, suffix: str) -> None:
    (here := tmp_path / f"here.db{suffix}").write_bytes(b"mine")

    require_refused("restore", backed_up(url, tmp_path / "b"), url=f"sqlite+aiosqlite:///{tmp_path}/here.db")

    assert here.read_bytes() == b"mine"
    assert [path for path in map(tmp_path.joinpath, BESIDE) if path.exists()] == [here]


async def test_files_that_are_there_are_left_alone(url: str, empty_url: str, tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path / "files")
    await store.put("ann/mine", once(b"mine"))

    told = require_refused(
        "restore", backed_up(url, tmp_path / "backup"), url=empty_url, FILES_URL=f"file://{tmp_path}/files"
    )

    assert "FILES_URL" in told
    assert [stored.key async for stored in store.list()] == ["ann/mine"]
    await require_nothing_at(empty_url)


async def test_a_backup_takes_the_place_of_nothing(url: str, tmp_path: Path) -> None:
    (file := tmp_path / "backup").write_bytes(b"of yesterday")

    assert "is there already" in require_refused("backup", file, url=url)
    assert "can't be written" in require_refused("backup", tmp_path / "nowhere/backup", url=url)

    assert file.read_bytes() == b"of yesterday"


async def test_only_a_migrated_database_of_a_known_revision_is_backed_up(
    url: str, empty_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    assert "never migrated" in require_refused("backup", file, url=empty_url)
    await execute(url, "UPDATE alembic_version SET version_num = '9999'")
    assert "revision 9999" in require_refused("backup", file, url=url)
    assert not file.exists()


@pytest.mark.parametrize("storage", ["memory", "tests.entrypoints.wiring.toy_storage:ToyStorage"])
@pytest.mark.parametrize("command", ["backup", "restore"])
def test_what_is_no_database_is_refused(command: str, storage: str, tmp_path: Path) -> None:
    place = {"STORAGE": storage, "PYTHONPATH": str(Path(__file__).parents[2])}

    assert "STORAGE" in require_refused(command, tmp_path / "b", url="sqlite+aiosqlite:///x.db", **place)


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_database_out_of_reach_is_told_without_its_password(command: str, tmp_path: Path) -> None:
    told = require_refused(command, tmp_path / "b", url="postgresql+asyncpg://ann:canary@127.0.0.1:1/tasks")

    assert "canary" not in told


async def test_an_older_known_revision_is_brought_back_as_it_is(url: str, empty_url: str, tmp_path: Path) -> None:
    await SqlSchema(url).downgrade("0001")
    file = backed_up(url, tmp_path / "backup")

    assert task_manager("restore", file, url=empty_url)[0] == 0
    assert await SqlSchema(empty_url).current() == "0001"
    await SqlSchema(empty_url).upgrade()
    await SqlSchema(empty_url).check()
