from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, Executable, Uuid, bindparam, cast, delete, func, insert, select

from adapters.sql.engine import pages
from adapters.sql.engine.connection import ReferenceViolated
from adapters.sql.engine.dialects import SqlDialect
from adapters.sql.engine.pages import OWNER, datetime_from_key
from adapters.sql.engine.transaction import Transaction
from adapters.sql.files.rows import FILE_COLUMNS, file_from_row, file_to_row
from adapters.sql.schema.files import files
from adapters.sql.schema.identity import users
from application.platform.paging import Slice, Window
from domain.errors import FileNotFound, TaskNotFound, UserNotFound
from domain.files.file import File, FileFilter, FileId
from domain.identity.user import UserId
from domain.tasks.task import TaskId

_IS_OWNERS: Final = files.c.owner_id == OWNER
_IS_ID: Final = files.c.id == bindparam("id", type_=Uuid)

_OWNER: Final = select(users.c.id).where(users.c.id == OWNER, ~users.c.is_removed)

OWNER_FOR_INSERT: Final = _OWNER.with_for_update(read=True, key_share=True)
"""Lock the owner, so that the user cannot be removed while a file is added. Other files can be added meanwhile."""

OWNER_FOR_QUOTA: Final = _OWNER.with_for_update(key_share=True)
"""Lock the owner, so that two uploads cannot both count the same free space.

Rows that only refer to the owner can be added and removed meanwhile: their transactions may hold a lock on the task
that the file belongs to.
"""

FILE_BY_ID: Final = select(*FILE_COLUMNS).where(_IS_OWNERS, _IS_ID)
_BLOCKS: Final = func.coalesce(func.sum((files.c.size + (File.BLOCK_SIZE - 1)) // File.BLOCK_SIZE), 0)
USED_BYTES: Final = select(cast(_BLOCKS * File.BLOCK_SIZE, BigInteger)).where(_IS_OWNERS)
"""The same as the sum of `whole_blocks`."""

INSERT_FILE: Final = insert(files)
DELETE_FILE: Final = delete(files).where(_IS_OWNERS, _IS_ID).returning(files.c.id)


def files_of_tasks(dialect: SqlDialect) -> Executable:
    return select(*FILE_COLUMNS).where(_IS_OWNERS, dialect.is_in(files.c.task_id, "ids")).order_by(files.c.id)


def existing_files(dialect: SqlDialect) -> Executable:
    return select(files.c.id).where(_IS_OWNERS, dialect.is_in(files.c.id, "ids"))


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything that the text of a query depends on. Calling it builds the query."""

    has_task: bool
    is_after: bool
    is_counted: bool

    def __call__(self, dialect: SqlDialect) -> pages.Rows:
        conditions = [_IS_OWNERS]
        if self.has_task:
            conditions.append(files.c.task_id == bindparam("task_id", type_=Uuid))
        key = files.c.created_at
        rows = pages.page(
            select(*FILE_COLUMNS).where(*conditions), key, files.c.id, descending=True, is_after=self.is_after
        )
        if not self.is_counted:
            return rows
        total = pages.count(select(files.c.id).where(*conditions))
        return pages.with_total(rows, total, FILE_COLUMNS, key, descending=True)


class SqlFileRepository:
    """Metadata of files in the table `files`; a file store holds the content."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, file: File) -> None:
        if not await self._transaction.fetch_writing(OWNER_FOR_INSERT, owner_id=file.owner_id):
            raise UserNotFound
        try:
            await self._transaction.execute(INSERT_FILE, file_to_row(file))
        except ReferenceViolated as error:
            raise TaskNotFound(ids=[file.task_id] if file.task_id else []) from error

    async def get(self, file_id: FileId, *, owner_id: UserId) -> File:
        rows = await self._transaction.fetch(FILE_BY_ID, owner_id=owner_id, id=file_id)
        if not rows:
            raise FileNotFound(ids=[file_id])
        return file_from_row(rows[0])

    async def find(
        self,
        filter: FileFilter,
        window: Window,
        *,
        owner_id: UserId,
    ) -> Slice[File]:
        shape = Shape(filter.task_id is not None, window.after is not None, window.is_counted)
        position = {"after_key": datetime_from_key(after.key), "after_id": after.id} if (after := window.after) else {}
        rows = await self._transaction.fetch(
            shape,
            owner_id=owner_id,
            task_id=filter.task_id,
            limit=window.limit,
            skip=0 if after else window.skip,
            **position,
        )
        if not window.is_counted:
            return Slice([file_from_row(row[: len(FILE_COLUMNS)]) for row in rows], None)
        return Slice([file_from_row(row[1:]) for row in rows if row[1] is not None], rows[0][0])

    async def find_of_tasks(self, task_ids: Sequence[TaskId], *, owner_id: UserId) -> list[File]:
        ids = self._transaction.dialect.list_value(task_ids)
        return [file_from_row(row) for row in await self._transaction.fetch(files_of_tasks, owner_id=owner_id, ids=ids)]

    async def remove(self, file: File) -> None:
        if not await self._transaction.fetch_writing(DELETE_FILE, owner_id=file.owner_id, id=file.id):
            raise FileNotFound

    async def used_bytes(self, *, owner_id: UserId, lock: bool = False) -> int:
        if lock and not await self._transaction.fetch_writing(OWNER_FOR_QUOTA, owner_id=owner_id):
            raise UserNotFound
        rows = await self._transaction.fetch(USED_BYTES, owner_id=owner_id)
        return int(rows[0][0])

    async def find_existing(self, file_ids: Collection[FileId], *, owner_id: UserId) -> set[FileId]:
        ids = self._transaction.dialect.list_value(file_ids)
        rows = await self._transaction.fetch(existing_files, owner_id=owner_id, ids=ids)
        return {FileId(row[0]) for row in rows}
