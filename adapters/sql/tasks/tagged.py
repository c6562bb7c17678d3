"""The tasks with one tag in the order of their ids. No statement reads more than RANGE_SIZE rows that do not match."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Executable, Integer, Uuid, bindparam, select, true

from adapters.sql.engine.dialects import SqlDialect
from adapters.sql.engine.pages import OWNER
from adapters.sql.engine.transaction import Transaction
from adapters.sql.schema.tasks import tasks
from adapters.sql.tasks.rows import TASK_COLUMNS, task_from_row
from domain.identity.user import UserId
from domain.tasks.tag import Tag
from domain.tasks.task import Task, TaskId

RANGE_SIZE = 5_000

_FIRST: Final = UUID(int=0)
_LAST: Final = UUID(int=(1 << 128) - 1)
_AFTER: Final = bindparam("after", type_=Uuid)
_UNTIL: Final = bindparam("until", type_=Uuid)
_LIMIT: Final = bindparam("limit", type_=Integer)

END_OF_RANGE: Final = (
    select(tasks.c.id)
    .where(tasks.c.owner_id == OWNER, tasks.c.id > _AFTER)
    .order_by(tasks.c.id)
    .offset(bindparam("skip", type_=Integer))
    .limit(1)
)


def all_tagged(dialect: SqlDialect) -> Executable:
    """Build a query that finds all tasks with the tag by the index of tags and sorts them."""
    tagged = select(tasks).where(tasks.c.owner_id == OWNER, dialect.has_all(tasks.c.tags, "tags"))
    rows = tagged.cte("tagged").prefix_with("MATERIALIZED")
    columns = (rows.c[column.name] for column in TASK_COLUMNS)
    return select(*columns).where(rows.c.id > _AFTER).order_by(rows.c.id).limit(_LIMIT)


def tagged_in_range(dialect: SqlDialect) -> Executable:
    """Build a query that reads a range of ids and finds the tasks with the tag in it."""
    has_tag = dialect.has_all(tasks.c.tags, "tags").is_(true())  # no index applies to this condition
    in_range = select(*TASK_COLUMNS).where(tasks.c.owner_id == OWNER, tasks.c.id > _AFTER, tasks.c.id <= _UNTIL)
    return in_range.where(has_tag).order_by(tasks.c.id).limit(_LIMIT)


async def find_few(
    transaction: Transaction, tag: Tag, *, owner_id: UserId, limit: int, after: TaskId | None
) -> list[Task]:
    """Return up to `limit` tasks with the tag, if it is on few tasks."""
    values: dict[str, Any] = {"owner_id": owner_id, "tags": [tag.name], "limit": limit, "after": after or _FIRST}
    return [task_from_row(row) for row in await transaction.fetch(all_tagged, **values)]


async def find_many(
    transaction: Transaction, tag: Tag, *, owner_id: UserId, limit: int, after: TaskId | None
) -> list[Task]:
    """Return up to `limit` tasks with the tag, if it is on many tasks."""
    found: list[Task] = []
    start: UUID = after or _FIRST
    while start < _LAST and len(found) < limit:
        ends = await transaction.fetch(END_OF_RANGE, owner_id=owner_id, after=start, skip=RANGE_SIZE - 1)
        end = ends[0][0] if ends else _LAST
        values: dict[str, Any] = {"owner_id": owner_id, "tags": [tag.name], "after": start, "until": end}
        rows = await transaction.fetch(tagged_in_range, **values, limit=limit - len(found))
        found += map(task_from_row, rows)
        start = end
    return found
