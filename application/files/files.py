from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from application.files.jobs import removals_of
from application.files.keys import key_of
from application.files.ports import FileStore, FileStoreUnavailable, FileUnitOfWork
from application.platform.access import visible_owner
from application.platform.clock import Clock
from application.platform.idempotency import AlreadyAnswered, Once
from application.platform.ids import NewId
from application.platform.paging import Page, Paging
from application.platform.retry import retried
from domain.errors import DomainError
from domain.files.file import File, FileFilter, FileId, FileType, NewestFirst, require_room, valid_filename
from domain.files.file_content import ContentCheck
from domain.identity.actor import Actor
from domain.identity.user import UserId
from domain.tasks.task import TaskId

_ORDER = NewestFirst()


class Incoming(Protocol):
    """A file on its way in."""

    @property
    def filename(self) -> str: ...

    @property
    def task_id(self) -> TaskId | None:
        """The task it belongs to; that may be told after the last chunk only."""
        ...

    def chunks(self) -> AsyncIterator[bytes]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFiles:
    filter: FileFilter = FileFilter()
    paging: Paging = Paging()


class FileService:
    """What users do with their files, and readers with those of others.

    Somebody else's file is not found, unless a reader names the owner.
    """

    def __init__(
        self, unit_of_work: Callable[[], FileUnitOfWork], store: FileStore, clock: Clock, new_id: NewId, quota: int
    ) -> None:
        self._unit_of_work = unit_of_work
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._quota = quota

    async def upload(
        self, actor: Actor, incoming: Incoming, *, once: Callable[[File], Once[File]] | None = None
    ) -> File:
        """The bytes are stored before the file is. A failure in between leaves bytes that nobody sees, for the sweep.

        `once` is told the file, as it is known only then what was asked for. Raises InvalidFilename,
        UnsupportedFileType, FileTooLarge, EmptyFile, QuotaExceeded, TaskNotFound, FileStoreUnavailable; with `once`,
        what keeping it raises.
        """
        filename = valid_filename(incoming.filename)
        kind = FileType.of(filename)
        if once is None:  # what was done before needs no place now
            await self._require_place(actor.user_id, incoming.task_id)
        file_id = FileId(self._new_id())
        key = key_of(actor.user_id, file_id)
        passing = _Passing(incoming, kind)
        await self._store.put(key, passing.chunks())
        file = File(
            id=file_id,
            owner_id=actor.user_id,
            task_id=incoming.task_id,
            filename=filename,
            content_type=kind.media_type,
            size=passing.size,
            sha256=passing.sha256,
            created_at=self._clock.now(),
        )
        try:
            await self._add(file, once and once(file))
        except (
            DomainError,
            AlreadyAnswered,
        ):  # after any other failure the file may be there: whether it was committed is unknown
            with suppress(FileStoreUnavailable):
                await self._store.remove(key)
            raise
        return file

    @retried
    async def _require_place(self, owner_id: UserId, task_id: TaskId | None) -> None:
        """Before anything is read: whether a file of one byte could be added."""
        async with self._unit_of_work() as uow:
            require_room(await uow.files.used_bytes(owner_id=owner_id), 1, self._quota)
            if task_id is not None:
                await uow.tasks.get(task_id, owner_id=owner_id)

    @retried
    async def _add(self, file: File, once: Once[File] | None) -> None:
        async with self._unit_of_work() as uow:
            if once is not None:
                await once.keep(uow, file)
            require_room(await uow.files.used_bytes(owner_id=file.owner_id, lock=True), file.size, self._quota)
            await uow.files.add(file)
            await uow.commit()

    @retried
    async def list(self, actor: Actor, query: ListFiles, *, owner_id: UserId | None = None) -> Page[File]:
        """Newest first. Raises InvalidCursor, UserNotFound."""
        paging = query.paging
        after = paging.after(query.filter, _ORDER)
        async with self._unit_of_work() as uow:
            owner = await visible_owner(uow, actor, owner_id)
            found = await uow.files.find(
                query.filter,
                owner_id=owner.user_id,
                limit=paging.limit + 1,
                skip=paging.skip,
                after=after,
                count=after is None,
            )
        return paging.page(found.files, found.total, is_exact=False, filter=query.filter, order=_ORDER)

    @retried
    async def get(self, actor: Actor, file_id: FileId, *, owner_id: UserId | None = None) -> File:
        """Raises FileNotFound, UserNotFound."""
        async with self._unit_of_work() as uow:
            owner = await visible_owner(uow, actor, owner_id)
            return await uow.files.get(file_id, owner_id=owner.user_id)

    async def read(self, file: File, start: int, end: int) -> AsyncIterator[bytes]:
        """Of a file that the caller was given. Raises FileNotFound if it is gone since, FileStoreUnavailable."""
        return await self._store.read(key_of(file.owner_id, file.id), start, end)

    @retried
    async def delete(self, actor: Actor, file_id: FileId) -> None:
        """The bytes go soon after. Raises FileNotFound."""
        async with self._unit_of_work() as uow:
            file = await uow.files.get(file_id, owner_id=actor.user_id)
            await uow.files.remove(file)
            await uow.jobs.add(*removals_of([file], self._new_id, self._clock.now()))
            await uow.commit()


class _Passing:
    """Looks at what passes by."""

    def __init__(self, incoming: Incoming, kind: FileType) -> None:
        self._incoming = incoming
        self._check = ContentCheck(kind)
        self._digest = sha256()

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._incoming.chunks():
            self._check.feed(chunk)
            self._digest.update(chunk)
            yield chunk
        self._check.finish()

    @property
    def size(self) -> int:
        return self._check.size

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()
