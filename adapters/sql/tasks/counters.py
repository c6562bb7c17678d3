from typing import Any, Final

from sqlalchemy import Executable, bindparam, delete

from adapters.sql.engine.dialects import SqlDialect
from adapters.sql.engine.transaction import Transaction
from adapters.sql.schema.tasks import task_counters
from domain.tasks.counters import CounterChanges


def add_to_counters(dialect: SqlDialect) -> Executable:
    row: Any = dialect.insert(task_counters)
    statement: Executable = row.on_conflict_do_update(
        index_elements=[task_counters.c.owner_id, task_counters.c.kind, task_counters.c.key],
        set_={"amount": task_counters.c.amount + row.excluded.amount},
    )
    return statement


DELETE_EMPTY_COUNTERS: Final = delete(task_counters).where(
    task_counters.c.owner_id == bindparam("owner_id"),
    task_counters.c.kind == bindparam("kind"),
    task_counters.c.key == bindparam("key"),
    task_counters.c.amount == 0,
)


class SqlTaskCounters:
    """Counters in the table `task_tallies`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, changes: CounterChanges) -> None:
        # Rows are written in key order: concurrent writers of one owner then wait instead of deadlocking.
        rows: list[dict[str, Any]] = [
            {"owner_id": owner_id, "kind": kind, "key": key, "amount": amount}
            for (owner_id, kind, key), amount in sorted(changes.items())
        ]
        await self._transaction.execute(add_to_counters, *rows)
        decreased = [row for row in rows if row["amount"] < 0]
        await self._transaction.execute(DELETE_EMPTY_COUNTERS, *decreased)
