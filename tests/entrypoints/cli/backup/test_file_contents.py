"""Bytes are copied after the rows that tell of them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2

from adapters.archive.zip import ZipArchives
from adapters.files.local import LocalFileStore
from adapters.memory.files.store import InMemoryFileStore
from adapters.sql.operations.sqlite_copier import SqliteCopier
from adapters.system.clock import SystemClock
from application.files.ports import StoredObject
from application.operations.backup import BackupService
from tests.entrypoints.cli.backup.command import backed_up, once, task_manager
from tests.entrypoints.http.service_process import ServerProcess
from tests.support.builders import NOW

ACCOUNT: Final = {"username": "ann", "email": "ann@example.com", "password": "Correct-Horse-7"}
CONTENT: Final = "Grüße\n".encode() * 50_000


@contextmanager
def signed_in(server: ServerProcess) -> Iterator[httpx2.Client]:
    login = {"username": ACCOUNT["username"], "password": ACCOUNT["password"]}
    with httpx2.Client(base_url=f"{server.url}/api/v1", trust_env=False) as client:
        token = client.post("/auth/login", json=login).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def test_a_file_is_served_from_where_it_was_restored(url: str, empty_url: str, tmp_path: Path) -> None:
    here, there = f"file://{tmp_path}/here", f"file://{tmp_path}/there"
    with ServerProcess(tmp_path, url, FILES_URL=here) as server:
        httpx2.post(f"{server.url}/api/v1/auth/register", json=ACCOUNT, trust_env=False).raise_for_status()
        with signed_in(server) as client:
            upload = {"file": ("notes.txt", CONTENT, "text/plain")}
            told = client.post("/files", files=upload).raise_for_status().json()
        file = backed_up(url, tmp_path / "backup", FILES_URL=here)

    code, answer = task_manager("restore", file, url=empty_url, FILES_URL=there)
    assert code == 0, answer

    with ServerProcess(tmp_path, empty_url, FILES_URL=there) as server, signed_in(server) as client:
        assert client.get(f"/files/{told['id']}").json() == told
        assert client.get(f"/files/{told['id']}/content").content == CONTENT


class Fleeting(InMemoryFileStore):
    """One of its objects goes between being listed and being read, and one is a half."""

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        yield StoredObject("ann/gone", 4, NOW)
        yield StoredObject("ann/half.part", 4, NOW)
        async for stored in super().list(prefix):
            yield stored


async def test_bytes_that_go_meanwhile_are_left_out(sqlite_url: str, tmp_path: Path) -> None:
    told: list[str] = []
    fleeting, restored = Fleeting(), LocalFileStore(tmp_path / "files")
    await fleeting.put("ann/here", once(b"here"))
    elsewhere = SqliteCopier(f"sqlite+aiosqlite:///{tmp_path}/elsewhere.db")

    await BackupService(SqliteCopier(sqlite_url), fleeting, ZipArchives(), SystemClock()).backup(
        tmp_path / "b", told.append
    )
    await BackupService(elsewhere, restored, ZipArchives(), SystemClock()).restore(tmp_path / "b", told.append)

    assert [stored.key async for stored in restored.list()] == ["ann/here"]
    assert await elsewhere.revision() is not None
    assert "restoring file 1 of 1" in told
