from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Protocol

from application.files.jobs import remove_bytes_jobs
from application.files.keys import file_key
from application.files.ports import FileStore, FileStoreUnavailable, FileUnitOfWork
from application.platform.access import visible_owner
from application.platform.clock import Clock
from application.platform.idempotency import AlreadyExecuted, IdempotentWrite
from application.platform.ids import NewId
from application.platform.paging import Page, Paging
from application.platform.retry import read, retried
from domain.errors import DomainError
from domain.files.file import File, FileFilter, FileId, FileType, NewestFirst, clean_filename, require_quota
from domain.files.file_content import ContentValidator
from domain.identity.actor import Actor
from domain.identity.user import UserId
from domain.tasks.task import TaskId

_ORDER = NewestFirst()


class IncomingFile(Protocol):
    """A file that is being uploaded."""

    @property
    def filename(self) -> str:
        """The name that the client sent; not cleaned."""
        ...

    @property
    def task_id(self) -> TaskId | None:
        """The task of the file. It may be known only after the last chunk."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Read the content once, in chunks."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFiles:
    """A page of files."""

    filter: FileFilter = FileFilter()
    paging: Paging = Paging()


class FileService:
    """Upload, list, read and delete files.

    A file of another user raises FileNotFound. Users who may read all data pass the `owner_id` to read it.
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
        self,
        actor: Actor,
        incoming: IncomingFile,
        *,
        idempotent_write: Callable[[File], IdempotentWrite[File] | None] | None = None,
    ) -> File:
        """Store an uploaded file.

        The content is stored before the metadata. After a failure in between, the content is invisible
        until the sweep removes it.

        Args:
            actor: Owns the new file.
            incoming: Read to its end, unless the name, the task or the quota already rule the file out.
            idempotent_write: Returns how to store the response once. It gets the file, because its content
                identifies the request.

        Raises:
            InvalidValue: The filename is invalid.
            UnsupportedFileType: The extension is not accepted or does not match the content.
            FileTooLarge: The file exceeds `File.MAX_SIZE`.
            EmptyFile: The file has no content.
            QuotaExceeded: The files of the actor would exceed the quota.
            TaskNotFound: The actor has no such task.
            UserNotFound: The account of the actor was erased during the upload.
            FileStoreUnavailable: The store is unreachable or full.
            AlreadyExecuted: The same request took effect before; see `IdempotentWrite.store` for its other errors.
        """
        filename = clean_filename(incoming.filename)
        kind = FileType.of(filename)
        if idempotent_write is None:  # a retry must succeed even if its task was deleted or the quota is used up by now
            await self._check_early(actor.user_id, incoming.task_id)
        file_id = FileId(self._new_id())
        key = file_key(actor.user_id, file_id)
        content = _ValidatedContent(incoming, kind)
        try:
            await self._store.put(key, content.chunks())
        except FileStoreUnavailable:
            # The erasure of the owner also removes incomplete contents.
            await read(self._unit_of_work, lambda uow: uow.users.get(actor.user_id))
            raise
        file = File(
            id=file_id,
            owner_id=actor.user_id,
            task_id=incoming.task_id,
            filename=filename,
            content_type=kind.media_type,
            charset=content.charset,
            size=content.size,
            sha256=content.sha256,
            created_at=self._clock.now(),
        )
        try:
            return await self._add(file, idempotent_write and idempotent_write(file))
        except (DomainError, AlreadyExecuted):
            # after any other error the commit may have succeeded, and the file needs its content
            with suppress(FileStoreUnavailable):
                await self._store.remove(key)
            raise

    @retried
    async def _check_early(self, owner_id: UserId, task_id: TaskId | None) -> None:
        """Check, before the body is read, that a file of one byte could be added."""
        async with self._unit_of_work() as uow:
            require_quota(await uow.files.used_bytes(owner_id=owner_id), 1, self._quota)
            if task_id is not None:
                await uow.tasks.get(task_id, owner_id=owner_id)

    @retried
    async def _add(self, file: File, idempotent_write: IdempotentWrite[File] | None) -> File:
        """Store the metadata with the current time. Return the stored file."""
        async with self._unit_of_work() as uow:
            used = await uow.files.used_bytes(owner_id=file.owner_id, lock=True)
            file = replace(file, created_at=self._clock.now())
            if idempotent_write is not None:
                await idempotent_write.store(uow, file)
            require_quota(used, file.size, self._quota)
            await uow.files.add(file)
            await uow.commit()
        return file

    @retried
    async def list(self, actor: Actor, query: ListFiles, *, owner_id: UserId | None = None) -> Page[File]:
        """Return a page of files, newest first.

        Raises:
            InvalidValue: The cursor is damaged or belongs to another list.
            UserNotFound: The actor may not see the owner, or there is no such user.
        """
        paging = query.paging
        window = paging.window(query.filter, _ORDER)
        async with self._unit_of_work() as uow:
            owner = await visible_owner(uow, actor, owner_id)
            rows = await uow.files.find(query.filter, window, owner_id=owner.user_id)
        return paging.page(rows.items, rows.total, is_exact=False, filter=query.filter, order=_ORDER)

    @retried
    async def get(self, actor: Actor, file_id: FileId, *, owner_id: UserId | None = None) -> File:
        """Return the metadata of a file.

        Raises:
            FileNotFound: The owner has no such file.
            UserNotFound: The actor may not see the owner, or there is no such user.
        """
        async with self._unit_of_work() as uow:
            owner = await visible_owner(uow, actor, owner_id)
            return await uow.files.get(file_id, owner_id=owner.user_id)

    async def open(self, actor: Actor, file_id: FileId, *, owner_id: UserId | None = None) -> "ReadableFile":
        """Return a file whose content the actor may read.

        Raises:
            FileNotFound: The owner has no such file.
            UserNotFound: The actor may not see the owner, or there is no such user.
        """
        return ReadableFile(await self.get(actor, file_id, owner_id=owner_id), self._store)

    @retried
    async def delete(self, actor: Actor, file_id: FileId) -> None:
        """Delete a file. A job removes the content later.

        Raises:
            FileNotFound: The actor has no such file.
        """
        async with self._unit_of_work() as uow:
            file = await uow.files.get(file_id, owner_id=actor.user_id)
            await uow.files.remove(file)
            await uow.jobs.add(*remove_bytes_jobs([file], self._new_id))
            await uow.commit()


class ReadableFile:
    """A file and access to its content."""

    def __init__(self, file: File, store: FileStore) -> None:
        self.metadata = file
        self._store = store

    async def read(self, start: int, end: int) -> AsyncIterator[bytes]:
        """Return the content from byte `start` (inclusive) to `end` (exclusive), in chunks.

        Raises:
            FileNotFound: The file was deleted in the meantime.
            FileStoreUnavailable: The store is unreachable.
        """
        return await self._store.read(file_key(self.metadata.owner_id, self.metadata.id), start, end)


class _ValidatedContent:
    """Validate, measure and hash the content while it streams to the store."""

    def __init__(self, incoming: IncomingFile, kind: FileType) -> None:
        self._incoming = incoming
        self._validator = ContentValidator(kind)
        self._digest = sha256()

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._incoming.chunks():
            self._validator.feed(chunk)
            self._digest.update(chunk)
            yield chunk
        self._validator.finish()

    @property
    def size(self) -> int:
        return self._validator.size

    @property
    def charset(self) -> str | None:
        return self._validator.charset

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()
