"""Other users of the machine cannot read what the service stores."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from entrypoints.private_files import keep_files_private
from tests.entrypoints.http.given import FILES, LOGIN, PASSWORD, REGISTER, an_account
from tests.entrypoints.http.service_process import ServerProcess, wait_until


def modes(folder: Path) -> dict[str, int]:
    """Return the permissions of a folder and everything in it."""
    paths = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in paths}


def test_all_files_are_private_whatever_the_umask_is(tmp_path: Path) -> None:
    url = "sqlite+aiosqlite:///data/task-manager.db"
    options: dict[str, Any] = {"MIGRATE_ON_START": "true", "MAIL_URL": f"file://{tmp_path}/mail/out"}
    server = ServerProcess(tmp_path, url, **options)
    del server.environment["SECRET_KEY"]  # so that the service creates one
    server.umask = 0
    with server:
        httpx2.post(f"{server.url}{REGISTER}", json=an_account("ann")).raise_for_status()
        login = httpx2.post(f"{server.url}{LOGIN}", json={"username": "ann", "password": PASSWORD}).json()
        bearer = {"Authorization": f"Bearer {login['access_token']}"}
        file = {"file": ("notes.txt", b"hello")}
        httpx2.post(f"{server.url}{FILES}", files=file, headers=bearer).raise_for_status()
        wait_until(lambda: any(tmp_path.glob("mail/out/*.eml")))
        found = modes(tmp_path / "data") | modes(tmp_path / "mail")

    assert {"secret.key", "task-manager.db", "task-manager.db-wal", "task-manager.db-shm", "files", "out"} <= set(found)
    assert {name: oct(mode) for name, mode in found.items() if mode & 0o077} == {}


@pytest.fixture
def restored_umask() -> Iterator[None]:
    umask = os.umask(0o022)
    yield
    os.umask(umask)


@pytest.mark.usefixtures("restored_umask")
@pytest.mark.parametrize(("content", "mode"), [("task-manager.db", 0o700), ("foreign.csv", 0o755)])
def test_the_folder_of_an_older_version_is_closed_but_no_foreign_folder(
    empty_directory: Path, content: str, mode: int
) -> None:
    (data := empty_directory / "data").mkdir(mode=0o755)
    (data / content).touch()
    keep_files_private()

    assert stat.S_IMODE(data.stat().st_mode) == mode
