"""File contents are copied after the rows that refer to them."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.archive.zip import ZipArchiveFormat
from adapters.files.local import LocalFileStore
from adapters.memory.files.store import InMemoryFileStore
from adapters.sql.operations.sqlite_copier import SqliteCopier
from adapters.system.clock import SystemClock
from application.files.ports import StoredObject
from application.operations.backup import BackupService
from application.storage import BackupError
from tests.entrypoints.cli.backup.command import chunks
from tests.support.builders import NOW


class ChangingFileStore(InMemoryFileStore):
    """Lists an object that is removed before it is read, and an object that is still being uploaded."""

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        yield StoredObject("ann/removed", 4, NOW)
        yield StoredObject("ann/uploading.part", 4, NOW)
        async for stored in super().list(prefix):
            yield stored


async def test_contents_that_are_removed_during_a_backup_are_skipped(sqlite_url: str, tmp_path: Path) -> None:
    messages: list[str] = []
    changing, restored = ChangingFileStore(), LocalFileStore(tmp_path / "files")
    await changing.put("ann/stored", chunks(b"stored"))
    target = SqliteCopier(f"sqlite+aiosqlite:///{tmp_path}/target.db")

    await BackupService(SqliteCopier(sqlite_url), changing, ZipArchiveFormat(), SystemClock()).backup(
        tmp_path / "backup", messages.append
    )
    await BackupService(target, restored, ZipArchiveFormat(), SystemClock()).restore(
        tmp_path / "backup", messages.append
    )

    assert [stored.key async for stored in restored.list()] == ["ann/stored"]
    assert await target.revision() is not None
    assert "restoring file 1 of 1" in messages


async def test_a_restore_needs_no_hard_links(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await SqliteCopier(sqlite_url).dump(copy := tmp_path / "copy")
    monkeypatch.delattr(os, "link")
    target = SqliteCopier(f"sqlite+aiosqlite:///{tmp_path}/target.db")

    await target.load(copy)

    assert await target.revision() is not None
    with pytest.raises(BackupError, match="exists"):
        await target.load(copy)
