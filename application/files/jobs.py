"""Bytes go after the rows that told of them, by jobs of the same transaction; what a crash left goes by a sweep."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from application.files.keys import key_of, place_of
from application.files.ports import FileStore, FileUnitOfWork
from application.jobs.ports import Job, JobId
from application.platform.clock import Clock
from application.platform.ids import NewId
from application.platform.retry import retried
from domain.files.file import File, FileId
from domain.identity.user import UserId

REMOVE_BYTES: Final = "remove_bytes"
REMOVE_BYTES_OF: Final = "remove_bytes_of"
SWEEP_FILES: Final = "sweep_files"
SWEEP_EVERY: Final = timedelta(hours=1)

MIN_AGE: Final = timedelta(hours=1)
"""Longer than it takes from the last byte of an upload to the row that tells of it."""

_AT_ONCE: Final = 500


def removals_of(files: Sequence[File], new_id: NewId, at: datetime) -> list[Job]:
    """For the transaction that removes these files."""
    return [
        Job(
            id=JobId(new_id()),
            kind=REMOVE_BYTES,
            run_at=at,
            payload={"keys": [key_of(file.owner_id, file.id) for file in files[start : start + _AT_ONCE]]},
        )
        for start in range(0, len(files), _AT_ONCE)
    ]


def removal_of_all(owner_id: UserId, new_id: NewId, at: datetime) -> Job:
    """For the transaction that removes this user."""
    return Job(id=JobId(new_id()), kind=REMOVE_BYTES_OF, run_at=at, owner_id=owner_id)


class FileJobs:
    """Does the jobs of REMOVE_BYTES, whose payload has the `keys`, of REMOVE_BYTES_OF, whose owner is gone, and of
    SWEEP_FILES. Each raises FileStoreUnavailable."""

    def __init__(self, unit_of_work: Callable[[], FileUnitOfWork], store: FileStore, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._store = store
        self._clock = clock

    async def remove_bytes(self, job: Job) -> None:
        await self._store.remove(*job.payload["keys"])

    async def remove_bytes_of(self, job: Job) -> None:
        await self._store.remove(*[found.key async for found in self._store.list(str(job.owner_id))])

    async def sweep(self, job: Job) -> None:
        """Bytes that no file tells of, for longer than an upload takes. What is not ours stays."""
        before = self._clock.now() - MIN_AGE
        suspects: list[str] = []
        async for found in self._store.list():
            if found.modified_at < before:
                suspects.append(found.key)
            if len(suspects) == _AT_ONCE:
                await self._sweep(suspects)
                suspects.clear()
        await self._sweep(suspects)

    async def _sweep(self, keys: Sequence[str]) -> None:
        owned: defaultdict[UserId, dict[str, FileId]] = defaultdict(dict)
        for key in keys:
            if place := place_of(key):
                owned[place[0]][key] = place[1]
        for owner_id, ids in owned.items():
            existing = await self._existing(owner_id, set(ids.values()))
            await self._store.remove(*(key for key, file_id in ids.items() if file_id not in existing))

    @retried
    async def _existing(self, owner_id: UserId, file_ids: set[FileId]) -> set[FileId]:
        async with self._unit_of_work() as uow:
            return await uow.files.existing(file_ids, owner_id=owner_id)
