from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from sqlalchemy import BigInteger, Dialect, Uuid, bindparam, cast, delete, func, insert, select

from adapters.sql.engine import pages
from adapters.sql.engine.compiler import Statement
from adapters.sql.engine.connection import ReferenceViolated
from adapters.sql.engine.dialects import idiom_of
from adapters.sql.engine.pages import OWNER, instant_at
from adapters.sql.engine.transaction import Transaction
from adapters.sql.files.rows import FILE_COLUMNS, file_from_row, file_to_row
from adapters.sql.schema.files import files
from adapters.sql.schema.identity import users
from application.files.ports import FileSlice
from application.platform.paging import Position
from domain.errors import FileNotFound, TaskNotFound, UserNotFound
from domain.files.file import File, FileFilter, FileId
from domain.identity.user import UserId
from domain.tasks.task import TaskId

_OWNED = files.c.owner_id == OWNER
_ID = files.c.id == bindparam("id", type_=Uuid)


@dataclass(frozen=True, slots=True)
class Shape:
    """All that the text of a statement depends on."""

    has_task: bool
    is_after: bool
    counts: bool


class FileStatements:
    """Compiled at first use, once for each storage."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.idiom = idiom_of(dialect)
        self.find = lru_cache(maxsize=8)(self._find)

    def _find(self, shape: Shape) -> Statement:
        conditions = [_OWNED]
        if shape.has_task:
            conditions.append(files.c.task_id == bindparam("task_id", type_=Uuid))
        key = files.c.created_at
        rows = pages.page(
            select(*FILE_COLUMNS).where(*conditions), key, files.c.id, descending=True, is_after=shape.is_after
        )
        if shape.counts:
            total = pages.counted(select(files.c.id).where(*conditions))
            rows = pages.with_total(rows, total, FILE_COLUMNS, key, descending=True)
        return Statement(rows, self._dialect)

    @cached_property
    def owner_kept(self) -> Statement:
        """So that nobody goes while a file comes; others may come meanwhile."""
        one = select(users.c.id).where(users.c.id == OWNER)
        return Statement(one.with_for_update(read=True, key_share=True), self._dialect)

    @cached_property
    def owner_locked(self) -> Statement:
        """So that of two neither finds the room that the other takes. Rows that only point at the owner come and
        go meanwhile: their transactions may hold the very task that a file is for."""
        one = select(users.c.id).where(users.c.id == OWNER)
        return Statement(one.with_for_update(key_share=True), self._dialect)

    @cached_property
    def insert(self) -> Statement:
        return Statement(insert(files), self._dialect)

    @cached_property
    def by_id(self) -> Statement:
        return Statement(select(*FILE_COLUMNS).where(_OWNED, _ID), self._dialect)

    @cached_property
    def of_tasks(self) -> Statement:
        some = select(*FILE_COLUMNS).where(_OWNED, self.idiom.one_of(files.c.task_id, "ids"))
        return Statement(some.order_by(files.c.id), self._dialect)

    @cached_property
    def delete(self) -> Statement:
        return Statement(delete(files).where(_OWNED, _ID).returning(files.c.id), self._dialect)

    @cached_property
    def used_bytes(self) -> Statement:
        used = cast(func.coalesce(func.sum(files.c.size), 0), BigInteger)
        return Statement(select(used).where(_OWNED), self._dialect)

    @cached_property
    def existing(self) -> Statement:
        return Statement(select(files.c.id).where(_OWNED, self.idiom.one_of(files.c.id, "ids")), self._dialect)


class SqlFileRepository:
    def __init__(self, transaction: Transaction, statements: FileStatements) -> None:
        self._transaction = transaction
        self._statements = statements

    async def add(self, file: File) -> None:
        if not await self._transaction.fetch_writing(self._statements.owner_kept, owner_id=file.owner_id):
            raise UserNotFound
        try:
            await self._transaction.execute(self._statements.insert, file_to_row(file))
        except ReferenceViolated as error:
            raise TaskNotFound([file.task_id] if file.task_id else ()) from error

    async def get(self, file_id: FileId, *, owner_id: UserId) -> File:
        rows = await self._transaction.fetch(self._statements.by_id, owner_id=owner_id, id=file_id)
        if not rows:
            raise FileNotFound
        return file_from_row(rows[0])

    async def find(
        self,
        filter: FileFilter,
        *,
        owner_id: UserId,
        limit: int,
        skip: int = 0,
        after: Position | None = None,
        count: bool = False,
    ) -> FileSlice:
        shape = Shape(filter.task_id is not None, after is not None, count)
        place = {"after_key": instant_at(after.key), "after_id": after.id} if after else {}
        rows = await self._transaction.fetch(
            self._statements.find(shape),
            owner_id=owner_id,
            task_id=filter.task_id,
            limit=limit,
            skip=0 if after else skip,
            **place,
        )
        if not count:
            return FileSlice([file_from_row(row[: len(FILE_COLUMNS)]) for row in rows], None)
        return FileSlice([file_from_row(row[1:]) for row in rows if row[1] is not None], rows[0][0])

    async def of_tasks(self, task_ids: Sequence[TaskId], *, owner_id: UserId) -> list[File]:
        ids = self._statements.idiom.members(task_ids)
        return [
            file_from_row(row)
            for row in await self._transaction.fetch(self._statements.of_tasks, owner_id=owner_id, ids=ids)
        ]

    async def remove(self, file: File) -> None:
        if not await self._transaction.fetch_writing(self._statements.delete, owner_id=file.owner_id, id=file.id):
            raise FileNotFound

    async def used_bytes(self, *, owner_id: UserId, lock: bool = False) -> int:
        if lock and not await self._transaction.fetch_writing(self._statements.owner_locked, owner_id=owner_id):
            raise UserNotFound
        rows = await self._transaction.fetch(self._statements.used_bytes, owner_id=owner_id)
        return int(rows[0][0])

    async def existing(self, file_ids: Collection[FileId], *, owner_id: UserId) -> set[FileId]:
        ids = self._statements.idiom.members(file_ids)
        rows = await self._transaction.fetch(self._statements.existing, owner_id=owner_id, ids=ids)
        return {FileId(row[0]) for row in rows}
