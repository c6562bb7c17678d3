from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Final

from application.files.keys import STORE_ID_KEY, parse_file_key
from application.files.ports import FileStore, FileStoreId, FileUnitOfWork, ForeignFileStore
from application.platform.ids import NewId
from application.platform.retry import read, retried
from domain.errors import FileNotFound
from domain.files.file import FileId
from domain.identity.user import UserId

ID_LENGTH: Final = 36
SAMPLE_SIZE: Final = 100
"""Objects of a file store without an id that are looked up in the database."""

WHAT_TO_DO: Final = "correct FILES_URL or DATABASE_URL, or set FILES_URL to an empty file store"
OTHER_ID: Final = f"the file store of FILES_URL belongs to another database than DATABASE_URL: {WHAT_TO_DO}"
UNKNOWN_FILES: Final = f"the file store of FILES_URL has files, but none of the database of DATABASE_URL: {WHAT_TO_DO}"


class FileStoreIdentity:
    """Check that the database and the file store belong together.

    Both store the same random id. A service that used the file store of another database would remove its files,
    because no row refers to them.
    """

    def __init__(
        self,
        unit_of_work: Callable[[], FileUnitOfWork],
        store: FileStore,
        new_id: NewId,
        *,
        is_process_local: bool,
    ) -> None:
        """Initialise the check.

        Args:
            unit_of_work: Opens a unit of work.
            store: The file store.
            new_id: Returns a random id.
            is_process_local: Whether the data of the database end with the process. Such a database writes no id: it
                may use a file store without an id, but does not claim it.
        """
        self._unit_of_work = unit_of_work
        self._store = store
        self._new_id = new_id
        self._is_process_local = is_process_local

    async def verify(self) -> None:
        """Compare the ids. If the file store has none, store the id of the database there. Create that id if necessary.

        Any number of processes may call this at the same time.

        Raises:
            ForeignFileStore: The ids differ, or the file store has no id and only files of another database.
            FileStoreUnavailable: The file store is unreachable.
        """
        found = await self._read_id()
        if found is not None:
            expected = await read(self._unit_of_work, _find_id)
        elif self._is_process_local:
            return
        else:
            await self._require_own_files()
            expected = await self._get_or_add_id()
            await self._store.put(STORE_ID_KEY, _single_chunk(str(expected).encode()))
            found = await self._read_id()  # the last writer wins: another database may write too
        if expected is None or found != str(expected):
            raise ForeignFileStore(OTHER_ID)

    async def _read_id(self) -> str | None:
        try:
            chunks = await self._store.read(STORE_ID_KEY, 0, ID_LENGTH)
        except FileNotFound:
            return None
        return b"".join([chunk async for chunk in chunks]).decode(errors="replace")

    @retried
    async def _get_or_add_id(self) -> FileStoreId | None:
        async with self._unit_of_work() as uow:
            if (existing := await uow.file_store_id.find()) is not None:
                return existing
            await uow.file_store_id.add(FileStoreId(self._new_id()))
            await uow.commit()
        return await read(self._unit_of_work, _find_id)

    async def _require_own_files(self) -> None:
        """Accept a file store without files, or with at least one file of this database among the first ones."""
        sample = await self._sample()
        for owner_id, file_ids in sample.items():
            if await read(self._unit_of_work, partial(_has_any, owner_id, file_ids)):
                return
        if sample:
            raise ForeignFileStore(UNKNOWN_FILES)

    async def _sample(self) -> dict[UserId, set[FileId]]:
        sample: defaultdict[UserId, set[FileId]] = defaultdict(set)
        size = 0
        async for stored in self._store.list():
            if parsed := parse_file_key(stored.key):
                owner_id, file_id = parsed
                sample[owner_id].add(file_id)
                size += 1
            if size == SAMPLE_SIZE:
                break
        return sample


async def _find_id(uow: FileUnitOfWork) -> FileStoreId | None:
    return await uow.file_store_id.find()


async def _has_any(owner_id: UserId, file_ids: set[FileId], uow: FileUnitOfWork) -> bool:
    return bool(await uow.files.find_existing(file_ids, owner_id=owner_id))


async def _single_chunk(content: bytes) -> AsyncIterator[bytes]:
    yield content
