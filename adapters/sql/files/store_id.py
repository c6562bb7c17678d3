from typing import Final

from sqlalchemy import Executable, select

from adapters.sql.engine.dialects import SqlDialect
from adapters.sql.engine.transaction import Transaction
from adapters.sql.schema.files import ONLY_ROW, file_store
from application.files.ports import FileStoreId

FIND_ID: Final = select(file_store.c.id)


def insert_id(dialect: SqlDialect) -> Executable:
    """Build an INSERT that keeps an existing id."""
    statement: Executable = dialect.insert(file_store).on_conflict_do_nothing(index_elements=[file_store.c.row])
    return statement


class SqlFileStoreIdRepository:
    """The only row of the table `file_store`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def find(self) -> FileStoreId | None:
        rows = await self._transaction.fetch(FIND_ID)
        return FileStoreId(rows[0][0]) if rows else None

    async def add(self, store_id: FileStoreId) -> None:
        await self._transaction.execute(insert_id, {"row": ONLY_ROW, "id": store_id})
