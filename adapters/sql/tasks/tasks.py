from collections.abc import Collection, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from sqlalchemy import Executable, Integer, Text, bindparam, delete, insert, select, update

from adapters.sql.engine.conditions import Values
from adapters.sql.engine.connection import ReferenceViolated
from adapters.sql.engine.dialects import SqlDialect
from adapters.sql.engine.pages import OWNER
from adapters.sql.engine.transaction import Transaction
from adapters.sql.schema.files import files
from adapters.sql.schema.tasks import task_changes, task_counters, tasks
from adapters.sql.tasks import queries, tagged
from adapters.sql.tasks.queries import MAX_MATERIALIZED, Shape
from adapters.sql.tasks.rows import TASK_COLUMNS, task_from_row, task_to_row
from adapters.sql.tasks.statistics import STATISTICS, statistics_from, statistics_parameters
from application.platform.paging import TOTAL_CAP, Slice, Window
from domain.errors import StaleTask, TaskNotFound, TasksNotFound, UserNotFound
from domain.identity.user import UserId
from domain.tasks.conditions import HasTags
from domain.tasks.counters import CounterKind
from domain.tasks.statistics import Statistics
from domain.tasks.tag import Tag, TagCount
from domain.tasks.tag_query import TagFilter
from domain.tasks.task import Task, TaskId
from domain.tasks.task_query import TaskCriteria, TaskOrder

_OWNED: Final = select(*TASK_COLUMNS).where(tasks.c.owner_id == OWNER)
TASK_BY_ID: Final = _OWNED.where(tasks.c.id == bindparam("id"))
TASK_BY_ID_FOR_UPDATE: Final = TASK_BY_ID.with_for_update()

INSERT_TASK: Final = insert(tasks)
UPDATE_TASK: Final = (
    update(tasks)
    .where(tasks.c.owner_id == bindparam("key_owner_id"), tasks.c.id == bindparam("key_id"))
    .values({column.name: bindparam(column.name) for column in tasks.c if column.name not in ("owner_id", "id")})
)
DELETE_TASK: Final = delete(tasks).where(tasks.c.owner_id == bindparam("owner_id"), tasks.c.id == bindparam("id"))

REVISION_OF_OWNER: Final = select(task_counters.c.amount).where(
    task_counters.c.owner_id == OWNER, task_counters.c.kind == CounterKind.REVISION, task_counters.c.key == ""
)

_TAG_COUNTS: Final = select(task_counters.c.key, task_counters.c.amount).where(
    task_counters.c.owner_id == OWNER, task_counters.c.kind == CounterKind.TAG
)
TAG_COUNT: Final = _TAG_COUNTS.where(task_counters.c.key == bindparam("key", type_=Text))


def page_of_tags(dialect: SqlDialect) -> Executable:
    key = task_counters.c.key
    found = _TAG_COUNTS.where(key > bindparam("after", type_=Text), dialect.contains_text(key, "text"))
    return found.order_by(key).limit(bindparam("limit", type_=Integer))


def tag_counts_by_name(dialect: SqlDialect) -> Executable:
    return _TAG_COUNTS.where(dialect.is_in(task_counters.c.key, "keys"))


def tasks_by_ids(dialect: SqlDialect) -> Executable:
    return _OWNED.where(dialect.is_in(tasks.c.id, "ids"))


def tasks_by_ids_for_update(dialect: SqlDialect) -> Executable:
    return _OWNED.where(dialect.is_in(tasks.c.id, "ids")).order_by(tasks.c.id).with_for_update()


def lock_versions(dialect: SqlDialect) -> Executable:
    stored = select(tasks.c.id, tasks.c.version).where(tasks.c.owner_id == OWNER, dialect.is_in(tasks.c.id, "ids"))
    return stored.order_by(tasks.c.id).with_for_update()


def delete_changes(dialect: SqlDialect) -> Executable:
    return delete(task_changes).where(task_changes.c.owner_id == OWNER, dialect.is_in(task_changes.c.task_id, "ids"))


def delete_files(dialect: SqlDialect) -> Executable:
    return delete(files).where(files.c.owner_id == OWNER, dialect.is_in(files.c.task_id, "ids"))


class SqlTaskRepository:
    """Tasks in the table `tasks`. Totals, tag counts and statistics come from the counters in `task_tallies`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, *tasks: Task) -> None:
        try:
            await self._transaction.execute(INSERT_TASK, *map(task_to_row, tasks))
        except ReferenceViolated as error:
            raise UserNotFound from error

    async def get(self, task_id: TaskId, *, owner_id: UserId) -> Task:
        rows = await self._transaction.fetch_for_change(
            TASK_BY_ID, TASK_BY_ID_FOR_UPDATE, owner_id=owner_id, id=task_id
        )
        if not rows:
            raise TaskNotFound(ids=[task_id])
        return task_from_row(rows[0])

    async def get_many(self, task_ids: Sequence[TaskId], *, owner_id: UserId) -> list[Task]:
        ids = self._transaction.dialect.list_value(task_ids)
        rows = await self._transaction.fetch_for_change(
            tasks_by_ids, tasks_by_ids_for_update, owner_id=owner_id, ids=ids
        )
        found = {task.id: task for task in map(task_from_row, rows)}
        if missing := [task_id for task_id in task_ids if task_id not in found]:
            raise TasksNotFound(missing)
        return [found[task_id] for task_id in task_ids]

    async def find(
        self,
        criteria: TaskCriteria,
        order: TaskOrder,
        window: Window,
        *,
        owner_id: UserId,
    ) -> Slice[Task]:
        tags = queries.tags_of(criteria)
        amounts = await self._amounts(tags, owner_id=owner_id)
        if not all(amounts):
            return Slice([], 0 if window.is_counted else None)
        total = None
        if window.is_counted and len(amounts) == 1 and criteria.conditions == (HasTags(tags),):
            total = min(*amounts, TOTAL_CAP + 1)
        shape = Shape.of(
            criteria,
            order,
            is_after=window.after is not None,
            is_counted=window.is_counted and total is None,
            tags_are_few=min(amounts, default=MAX_MATERIALIZED + 1) <= MAX_MATERIALIZED,
        )
        values: Values = {
            "owner_id": owner_id,
            "limit": window.limit,
            "skip": 0 if window.after else window.skip,
            **queries.parameters(criteria, order, window.after, self._transaction.dialect),
        }
        rows, counted = await self._fetch(shape, values)
        if window.is_counted and total is None and counted is not None:
            total = counted if criteria.has_stored_total else min(counted, TOTAL_CAP + 1)
        return Slice([task_from_row(row[: len(TASK_COLUMNS)]) for row in rows], total)

    async def revision(self, *, owner_id: UserId) -> int:
        rows = await self._transaction.fetch(REVISION_OF_OWNER, owner_id=owner_id)
        return int(rows[0][0]) if rows else 0

    async def with_tag(self, tag: Tag, *, owner_id: UserId, limit: int, after: TaskId | None = None) -> list[Task]:
        (amount,) = await self._amounts([tag], owner_id=owner_id)
        if not amount:
            return []
        find = tagged.find_few if amount <= MAX_MATERIALIZED else tagged.find_many
        found = await find(self._transaction, tag, owner_id=owner_id, limit=limit, after=after)
        if found and self._transaction.locks_reads:
            return await self._lock_tagged(found, tag, owner_id)
        return found

    async def save(self, *tasks: Task) -> None:
        await self._lock(tasks, version_before=1)
        rows = [row | {"key_owner_id": row["owner_id"], "key_id": row["id"]} for row in map(task_to_row, tasks)]
        await self._transaction.execute(UPDATE_TASK, *rows)

    async def remove(self, *tasks: Task) -> None:
        await self._lock(tasks, version_before=0)
        for owner_id in sorted({task.owner_id for task in tasks}):
            ids = self._transaction.dialect.list_value(task.id for task in tasks if task.owner_id == owner_id)
            await self._transaction.execute(delete_changes, {"owner_id": owner_id, "ids": ids})
            await self._transaction.execute(delete_files, {"owner_id": owner_id, "ids": ids})
        keys = [{"owner_id": task.owner_id, "id": task.id} for task in tasks]
        await self._transaction.execute(DELETE_TASK, *keys)

    async def count_tag(self, tag: Tag, *, owner_id: UserId) -> int:
        rows = await self._transaction.fetch(TAG_COUNT, owner_id=owner_id, key=tag.name)
        return int(rows[0][1]) if rows else 0

    async def find_tags(self, filter: TagFilter, *, owner_id: UserId, limit: int, after: str = "") -> list[TagCount]:
        text = self._transaction.dialect.text_value(filter.text)
        rows = await self._transaction.fetch(page_of_tags, owner_id=owner_id, text=text, after=after, limit=limit)
        return [TagCount(Tag(name), amount) for name, amount in rows]

    async def statistics(self, now: datetime, zone: tzinfo, *, owner_id: UserId) -> Statistics:
        bounds = statistics_parameters(now, zone)
        return statistics_from(await self._transaction.fetch(STATISTICS, owner_id=owner_id, **bounds))

    async def _fetch(self, shape: Shape, values: Values) -> tuple[Sequence[Any], int | None]:
        """Return the rows of a page, and the total if the query counts it."""
        rows = await self._transaction.fetch(shape, **values)
        if not shape.has_total:
            return rows, None
        total = int(rows[0][0])
        if shape.materialize and total > MAX_MATERIALIZED:
            return await self._fetch(shape.in_order, values)
        return [row[1:] for row in rows if row[1] is not None], total

    async def _amounts(self, tags: Collection[Tag], *, owner_id: UserId) -> list[int]:
        """Count the tasks with each of the tags."""
        if not tags:
            return []
        keys = self._transaction.dialect.list_value(tag.name for tag in tags)
        rows = await self._transaction.fetch(tag_counts_by_name, owner_id=owner_id, keys=keys)
        found = dict(rows)
        return [found.get(tag.name, 0) for tag in tags]

    async def _lock_tagged(self, found: Sequence[Task], tag: Tag, owner_id: UserId) -> list[Task]:
        """Lock tasks until the transaction ends. Return those that still have the tag.

        Raises:
            StaleTask: None of them has the tag any more. Others may have it.
        """
        ids = self._transaction.dialect.list_value(task.id for task in found)
        rows = await self._transaction.fetch_writing(tasks_by_ids_for_update, owner_id=owner_id, ids=ids)
        locked = [task for task in map(task_from_row, rows) if tag in task.tags]
        if not locked:
            raise StaleTask
        return locked

    async def _lock(self, tasks: Sequence[Task], *, version_before: int) -> None:
        """Lock the stored versions of `tasks` until the transaction ends.

        Raises:
            TaskNotFound: A task is not stored.
            StaleTask: Another version of a task is stored.
        """
        versions: dict[TaskId, int] = {}
        for owner_id in sorted({task.owner_id for task in tasks}):
            ids = self._transaction.dialect.list_value(task.id for task in tasks if task.owner_id == owner_id)
            versions |= dict(await self._transaction.fetch_writing(lock_versions, owner_id=owner_id, ids=ids))
        for task in tasks:
            if task.id not in versions:
                raise TaskNotFound
            if versions[task.id] != task.version - version_before:
                raise StaleTask
