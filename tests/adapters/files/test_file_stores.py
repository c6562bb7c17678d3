import asyncio
import errno
import os
import resource
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.files.local import LocalFileStore
from adapters.files.s3 import S3FileStore
from adapters.memory.files.store import InMemoryFileStore
from application.files.ports import FileStoreUnavailable
from tests.contracts.files.file_store import KEY, LONG, OTHER, FileStoreContract, all_of, chunks_of, listed
from tests.servers.s3 import environment, new_bucket, s3_server


class TestInMemoryFileStore(FileStoreContract):
    @pytest.fixture
    def store(self) -> InMemoryFileStore:
        return InMemoryFileStore()


async def put_and_remove(store: LocalFileStore, key: str) -> None:
    for _ in range(400):
        await store.put(key, chunks_of(b"x"))
        await store.remove(key)


class TestLocalFileStore(FileStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> LocalFileStore:
        return LocalFileStore(tmp_path / "some" / "files")

    async def test_incomplete_objects_of_a_crash_are_listed_and_removable(
        self, store: LocalFileStore, tmp_path: Path
    ) -> None:
        await store.put(KEY, chunks_of(b"x"))
        half = tmp_path / "some" / "files" / f"{OTHER}.half"
        half.parent.mkdir()
        half.write_bytes(b"ha")
        assert [(stored.key, stored.size) for stored in await listed(store)] == [(KEY, 1), (f"{OTHER}.half", 2)]

        await store.remove(f"{OTHER}.half")
        assert [stored.key for stored in await listed(store)] == [KEY]

    async def test_foreign_entries_of_the_directory_are_not_listed(self, store: LocalFileStore, tmp_path: Path) -> None:
        await store.put(KEY, chunks_of(b"ours"))
        before = await listed(store)
        for name in (".Trash-1000/files", "lost+found/#1", f"{KEY.partition('/')[0]}/folder"):
            (tmp_path / "some" / "files" / name).mkdir(parents=True)
        for name in (".DS_Store", f"{KEY.partition('/')[0]}/.DS_Store", ".Trash-1000/old"):
            (tmp_path / "some" / "files" / name).touch()
        assert await listed(store) == before

    async def test_a_file_system_that_cannot_sync_directories_is_usable(
        self, store: LocalFileStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sync = os.fsync

        def sync_files_only(descriptor: int) -> None:
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            sync(descriptor)

        monkeypatch.setattr(os, "fsync", sync_files_only)
        await store.put(KEY, chunks_of(b"ours"))
        assert [stored.key for stored in await listed(store)] == [KEY]

    async def test_files_are_private_to_the_service_account(self, store: LocalFileStore, tmp_path: Path) -> None:
        await store.put(KEY, chunks_of(b"x"))
        path = tmp_path / "some" / "files" / KEY

        assert [entry.stat().st_mode & 0o077 for entry in (path, path.parent)] == [0, 0]

    async def test_an_open_object_can_be_read_while_it_is_removed(self, store: LocalFileStore) -> None:
        await store.put(KEY, chunks_of(LONG))
        reading = await store.read(KEY, 0, len(LONG))
        first = await anext(reading)
        await store.remove(KEY)

        assert first + b"".join([chunk async for chunk in reading]) == LONG

    async def test_a_put_succeeds_while_its_directory_is_removed(self, store: LocalFileStore) -> None:
        await asyncio.gather(*(put_and_remove(store, f"{KEY}{number}") for number in range(3)))

        assert await listed(store) == []

    async def test_a_listing_succeeds_while_a_directory_is_removed(self, store: LocalFileStore) -> None:
        churn = asyncio.create_task(put_and_remove(store, KEY))
        while not churn.done():
            assert {stored.key.partition("/")[0] for stored in await listed(store)} <= {KEY.partition("/")[0]}
            await listed(store, KEY.partition("/")[0])
        await churn

    @pytest.fixture
    def small_files_only(self) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
        yield
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    @pytest.mark.usefixtures("small_files_only")
    async def test_a_full_disk_raises_unavailable_and_leaves_nothing(self, store: LocalFileStore) -> None:
        with pytest.raises(FileStoreUnavailable):
            await store.put(KEY, chunks_of(LONG))

        assert await listed(store) == []
        await store.put(KEY, chunks_of(b"x"))
        assert await all_of(store, KEY, 0, 1) == b"x"

    async def test_a_directory_that_cannot_be_created_raises_unavailable(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        store = LocalFileStore(tmp_path / "file")
        for call in (store.put(KEY, chunks_of(b"x")), store.check()):
            with pytest.raises(FileStoreUnavailable):
                await call


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with s3_server() as address:
        yield address


class TestS3FileStore(FileStoreContract):
    @pytest.fixture
    def store(self, address: str, monkeypatch: pytest.MonkeyPatch) -> S3FileStore:
        for name, value in environment(address).items():
            monkeypatch.setenv(name, value)
        return S3FileStore(f"s3://{new_bucket(address)}/some/prefix")

    async def test_objects_outside_the_prefix_are_not_listed(
        self, store: S3FileStore, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = S3FileStore(f"s3://{new_bucket(address)}/some")
        await other.put(KEY, chunks_of(b"x"))

        assert await listed(store) == []

    async def test_an_unreachable_store_raises_unavailable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in environment("http://127.0.0.1:9").items():
            monkeypatch.setenv(name, value)
        store = S3FileStore("s3://bucket")
        for call in (store.put(KEY, chunks_of(b"x")), store.check(), store.read(KEY, 0, 1), store.remove(KEY)):
            with pytest.raises(FileStoreUnavailable):
                await call
