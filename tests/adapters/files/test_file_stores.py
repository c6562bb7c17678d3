import asyncio
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.files.local import LocalFileStore
from adapters.files.s3 import S3FileStore
from adapters.memory.files.store import InMemoryFileStore
from application.files.ports import FileStoreUnavailable
from tests.contracts.files.file_store import KEY, LONG, OTHER, FileStoreContract, all_of, listed, pieces
from tests.servers.s3 import environment, new_bucket, s3_server


class TestInMemoryFileStore(FileStoreContract):
    @pytest.fixture
    def store(self) -> InMemoryFileStore:
        return InMemoryFileStore()


async def come_and_go(store: LocalFileStore, key: str) -> None:
    for _ in range(400):
        await store.put(key, pieces(b"x"))
        await store.remove(key)


class TestLocalFileStore(FileStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> LocalFileStore:
        return LocalFileStore(tmp_path / "some" / "files")

    async def test_what_a_crash_left_half_is_listed_and_can_be_removed(
        self, store: LocalFileStore, tmp_path: Path
    ) -> None:
        await store.put(KEY, pieces(b"x"))
        half = tmp_path / "some" / "files" / f"{OTHER}.half"
        half.parent.mkdir()
        half.write_bytes(b"ha")
        assert [(found.key, found.size) for found in await listed(store)] == [(KEY, 1), (f"{OTHER}.half", 2)]

        await store.remove(f"{OTHER}.half")
        assert [found.key for found in await listed(store)] == [KEY]

    async def test_nobody_else_may_look_into_it(self, store: LocalFileStore, tmp_path: Path) -> None:
        await store.put(KEY, pieces(b"x"))
        path = tmp_path / "some" / "files" / KEY

        assert [place.stat().st_mode & 0o077 for place in (path, path.parent)] == [0, 0]

    async def test_an_object_of_another_is_still_read_while_it_is_removed(self, store: LocalFileStore) -> None:
        await store.put(KEY, pieces(LONG))
        reading = await store.read(KEY, 0, len(LONG))
        first = await anext(reading)
        await store.remove(KEY)

        assert first + b"".join([piece async for piece in reading]) == LONG

    async def test_a_folder_may_go_with_its_last_object_while_others_come(self, store: LocalFileStore) -> None:
        await asyncio.gather(*(come_and_go(store, f"{KEY}{number}") for number in range(3)))

        assert await listed(store) == []

    async def test_a_folder_may_go_with_its_last_object_while_all_are_listed(self, store: LocalFileStore) -> None:
        coming_and_going = asyncio.create_task(come_and_go(store, KEY))
        while not coming_and_going.done():
            assert {found.key.partition("/")[0] for found in await listed(store)} <= {KEY.partition("/")[0]}
            await listed(store, KEY.partition("/")[0])
        await coming_and_going

    @pytest.fixture
    def small_files_only(self) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
        yield
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    @pytest.mark.usefixtures("small_files_only")
    async def test_a_disk_that_takes_no_more_is_told_and_keeps_nothing_half(self, store: LocalFileStore) -> None:
        with pytest.raises(FileStoreUnavailable):
            await store.put(KEY, pieces(LONG))

        assert await listed(store) == []
        await store.put(KEY, pieces(b"x"))
        assert await all_of(store, KEY, 0, 1) == b"x"

    async def test_a_folder_that_can_not_be_made_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "taken").write_text("")
        store = LocalFileStore(tmp_path / "taken")
        for asking in (store.put(KEY, pieces(b"x")), store.check()):
            with pytest.raises(FileStoreUnavailable):
                await asking


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

    async def test_others_in_the_bucket_are_not_seen(
        self, store: S3FileStore, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = S3FileStore(f"s3://{new_bucket(address)}/some")
        await other.put(KEY, pieces(b"x"))

        assert await listed(store) == []

    async def test_one_that_is_not_there_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in environment("http://127.0.0.1:9").items():
            monkeypatch.setenv(name, value)
        store = S3FileStore("s3://bucket")
        for asking in (store.put(KEY, pieces(b"x")), store.check(), store.read(KEY, 0, 1), store.remove(KEY)):
            with pytest.raises(FileStoreUnavailable):
                await asking
