"""Jobs that remove file contents from the file store.

The transaction that deletes a row also adds the job that removes the content. A periodic sweep
removes contents without a row, which a crash can leave.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from application.files.keys import file_key, parse_file_key
from application.files.ports import FileStore, FileUnitOfWork
from application.files.store_identity import FileStoreIdentity
from application.jobs.ports import Job, JobId
from application.platform.clock import Clock
from application.platform.ids import NewId
from application.platform.retry import read
from domain.files.file import File, FileId
from domain.identity.user import UserId

REMOVE_BYTES: Final = "remove_bytes"
REMOVE_BYTES_OF_USER: Final = "remove_bytes_of_user"
SWEEP_FILES: Final = "sweep_files"
SWEEP_INTERVAL: Final = timedelta(hours=1)

MIN_AGE: Final = timedelta(hours=1)
"""Younger objects are not swept: the upload may not have committed its row yet. Longer than an upload takes."""

_BATCH_SIZE: Final = 500


def remove_bytes_jobs(files: Sequence[File], new_id: NewId) -> list[Job]:
    """Return the jobs that remove the contents of files. Add them in the transaction that deletes the files."""
    return [
        Job(
            id=JobId(new_id()),
            kind=REMOVE_BYTES,
            payload={"keys": [file_key(file.owner_id, file.id) for file in files[start : start + _BATCH_SIZE]]},
        )
        for start in range(0, len(files), _BATCH_SIZE)
    ]


def remove_all_bytes_job(owner_id: UserId, new_id: NewId) -> Job:
    """Return the job that removes all contents of a user. Add it in the transaction that deletes the user."""
    return Job(id=JobId(new_id()), kind=REMOVE_BYTES_OF_USER, owner_id=owner_id)


class FileJobs:
    """Handlers of the jobs REMOVE_BYTES, REMOVE_BYTES_OF_USER and SWEEP_FILES.

    Each raises FileStoreUnavailable, so that the worker retries it. Each raises ForeignFileStore and removes nothing if
    the file store belongs to another database.
    """

    def __init__(
        self, unit_of_work: Callable[[], FileUnitOfWork], store: FileStore, identity: FileStoreIdentity, clock: Clock
    ) -> None:
        self._unit_of_work = unit_of_work
        self._store = store
        self._identity = identity
        self._clock = clock

    async def remove_bytes(self, job: Job) -> None:
        """Remove the objects that the payload lists under `keys`."""
        await self._identity.verify()
        await self._store.remove(*job.payload["keys"])

    async def remove_bytes_of_user(self, job: Job) -> None:
        """Remove all objects of the job's owner, a deleted user."""
        await self._identity.verify()
        await self._store.remove(*[stored.key async for stored in self._store.list(str(job.owner_id))])

    async def sweep(self, job: Job) -> None:
        """Remove objects older than MIN_AGE that belong to no file. Objects with foreign keys stay."""
        await self._identity.verify()
        before = self._clock.now() - MIN_AGE
        candidates: list[str] = []
        async for stored in self._store.list():
            if stored.modified_at < before:
                candidates.append(stored.key)
            if len(candidates) == _BATCH_SIZE:
                await self._sweep(candidates)
                candidates.clear()
        await self._sweep(candidates)

    async def _sweep(self, keys: Sequence[str]) -> None:
        owned: defaultdict[UserId, dict[str, FileId]] = defaultdict(dict)
        for key in keys:
            if parsed := parse_file_key(key):
                owner_id, file_id = parsed
                owned[owner_id][key] = file_id
        for owner_id, ids in owned.items():
            existing = await read(self._unit_of_work, partial(_find_existing, owner_id, set(ids.values())))
            await self._store.remove(*(key for key, file_id in ids.items() if file_id not in existing))


async def _find_existing(owner_id: UserId, file_ids: set[FileId], uow: FileUnitOfWork) -> set[FileId]:
    return await uow.files.find_existing(file_ids, owner_id=owner_id)
