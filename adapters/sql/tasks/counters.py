from typing import Any, Final

from sqlalchemy import Executable, Integer, bindparam, delete, func, select

from adapters.sql.engine.dialects import SqlDialect
from adapters.sql.engine.pages import OWNER
from adapters.sql.engine.transaction import Transaction
from adapters.sql.schema.tasks import task_counters
from domain.identity.user import UserId
from domain.tasks.counters import CounterAmounts, CounterChanges, CounterKey, CounterKind


def add_to_counters(dialect: SqlDialect) -> Executable:
    columns = list(task_counters.c)
    row: Any = dialect.insert(task_counters).from_select(columns, dialect.rows("rows", columns))
    statement: Executable = row.on_conflict_do_update(
        index_elements=[task_counters.c.owner_id, task_counters.c.kind, task_counters.c.key],
        set_={"amount": task_counters.c.amount + row.excluded.amount},
    ).returning(*columns)
    return statement


DELETE_EMPTY_COUNTERS: Final = delete(task_counters).where(
    task_counters.c.owner_id == bindparam("owner_id"),
    task_counters.c.kind == bindparam("kind"),
    task_counters.c.key == bindparam("key"),
    task_counters.c.amount == 0,
)

COUNT_TAGS: Final = select(func.count()).select_from(
    select(task_counters.c.key)
    .where(task_counters.c.owner_id == OWNER, task_counters.c.kind == CounterKind.TAG)
    .limit(bindparam("limit", type_=Integer))
    .subquery("tags")
)


class SqlTaskCounters:
    """Counters in the table `task_tallies`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, changes: CounterChanges) -> CounterAmounts:
        # Rows are written in key order: concurrent writers of one owner then wait instead of deadlocking.
        rows = [(*counter, change) for counter, change in sorted(changes.items())]
        if not rows:
            return {}
        values = self._transaction.dialect.rows_value("rows", rows)
        written = await self._transaction.fetch_writing(add_to_counters, **values)
        amounts = {CounterKey(owner_id, kind, key): amount for owner_id, kind, key, amount in written}
        empty = [counter._asdict() for counter, amount in amounts.items() if not amount]
        await self._transaction.execute(DELETE_EMPTY_COUNTERS, *empty)
        return amounts

    async def count_tags(self, *, owner_id: UserId, limit: int) -> int:
        ((number,),) = await self._transaction.fetch_writing(COUNT_TAGS, owner_id=owner_id, limit=limit)
        return int(number)
