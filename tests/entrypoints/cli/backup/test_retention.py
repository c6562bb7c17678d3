"""Backups into a folder, their verification, and the deletion of old ones."""

from pathlib import Path

import pytest

from tests.entrypoints.cli.backup.command import back_up, require_failure, task_manager

UNREACHABLE = "sqlite+aiosqlite:////missing/tasks.db"

pytestmark = pytest.mark.parametrize("kind", ["sqlite"])


@pytest.fixture
def folder(kind: str, tmp_path: Path) -> Path:
    """A folder with three backups and another archive."""
    (folder := tmp_path / "backups").mkdir()
    for name in (*(f"task-manager-2026-01-0{day}T030000Z.zip" for day in (1, 2, 3)), "before-upgrade.zip"):
        (folder / name).write_bytes(b"older")
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_backup_into_a_folder_gets_a_name_with_the_time(kind: str, url: str, folder: Path) -> None:
    before = names(folder)
    back_up(url, folder)

    assert len(names(folder)) == len(before) + 1
    assert set(before) < set(names(folder))


def test_old_backups_are_deleted_after_the_new_one_is_verified(kind: str, url: str, folder: Path) -> None:
    code, output = task_manager("backup", folder, "--keep", "2", url=url)

    assert code == 0, output
    steps = [line.partition(":")[0] for line in output.splitlines() if "audit" not in line]
    assert steps == ["backed up", "verified", "deleted", "deleted"]
    other, kept, new = names(folder)
    assert (other, kept) == ("before-upgrade.zip", "task-manager-2026-01-03T030000Z.zip")
    assert task_manager("verify", folder / new, url=UNREACHABLE)[0] == 0


def test_the_new_backup_is_kept_although_others_have_later_names(kind: str, url: str, folder: Path) -> None:
    (folder / "task-manager-2999-01-01T000000Z.zip").write_bytes(b"of a wrong clock")
    assert task_manager("backup", folder, "--keep", "1", url=url)[0] == 0

    other, new = names(folder)
    assert (folder / new).stat().st_size > len(b"of a wrong clock")
    assert other == "before-upgrade.zip"


def test_a_failed_backup_deletes_nothing(kind: str, folder: Path) -> None:
    before = names(folder)

    require_failure("backup", folder, "--keep", "1", url=UNREACHABLE)
    require_failure("backup", folder / "file", "--keep", "1", url=UNREACHABLE)

    assert names(folder) == before


def test_a_damaged_or_foreign_backup_fails_the_verification(kind: str, url: str, tmp_path: Path) -> None:
    content = back_up(url, tmp_path / "backup").read_bytes()
    (tmp_path / "truncated").write_bytes(content[:-1])

    assert "damaged" in require_failure("verify", tmp_path / "truncated", url=url)
    assert "is for sqlite" in require_failure("verify", tmp_path / "backup", url="postgresql+asyncpg://ann@db/tasks")
