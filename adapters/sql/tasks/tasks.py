from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, tzinfo
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import Dialect, Integer, Select, Text, bindparam, delete, insert, select, update

from adapters.sql.engine.compiler import Statement
from adapters.sql.engine.connection import ReferenceViolated
from adapters.sql.engine.dialects import idiom_of
from adapters.sql.engine.pages import OWNER
from adapters.sql.engine.transaction import Transaction
from adapters.sql.schema.files import files
from adapters.sql.schema.tasks import task_changes, task_tallies, tasks
from adapters.sql.tasks import queries
from adapters.sql.tasks.counters import REVISION, TAG, TallyStatements, record
from adapters.sql.tasks.queries import FEW, Shape
from adapters.sql.tasks.rows import TASK_COLUMNS, task_from_row, task_to_row
from adapters.sql.tasks.statistics import statistics_from, statistics_parameters, statistics_query
from application.platform.paging import TOTAL_CAP, Position
from application.tasks.ports import TaskSlice
from domain.errors import StaleTask, TaskNotFound, UserNotFound
from domain.identity.user import UserId
from domain.tasks.statistics import Statistics
from domain.tasks.tag import Tag, TagCount
from domain.tasks.task import Task, TaskId
from domain.tasks.task_query import TaskCriteria, TaskOrder


class TaskStatements:
    """Compiled at first use, once for each storage."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.idiom = idiom_of(dialect)
        self.find = lru_cache(maxsize=1024)(self._find)

    def _find(self, shape: Shape) -> Statement:
        return Statement(queries.find(shape, self.idiom), self._dialect, is_planned_anew=shape.words > 0)

    @cached_property
    def insert(self) -> Statement:
        return Statement(insert(tasks), self._dialect)

    @cached_property
    def update(self) -> Statement:
        key = {"owner_id", "id"}
        values: dict[str, Any] = {column.name: bindparam(column.name) for column in tasks.c if column.name not in key}
        is_it = [tasks.c.owner_id == bindparam("its_owner"), tasks.c.id == bindparam("its_id")]
        return Statement(update(tasks).where(*is_it).values(values), self._dialect)

    @cached_property
    def delete(self) -> Statement:
        is_it = [tasks.c.owner_id == bindparam("owner_id"), tasks.c.id == bindparam("id")]
        return Statement(delete(tasks).where(*is_it), self._dialect)

    @cached_property
    def delete_changes(self) -> Statement:
        some = self.idiom.one_of(task_changes.c.task_id, "ids")
        return Statement(delete(task_changes).where(task_changes.c.owner_id == OWNER, some), self._dialect)

    @cached_property
    def delete_files(self) -> Statement:
        of_some = [files.c.owner_id == OWNER, self.idiom.one_of(files.c.task_id, "ids")]
        return Statement(delete(files).where(*of_some), self._dialect)

    @cached_property
    def by_id(self) -> Statement:
        return Statement(self._owned.where(tasks.c.id == bindparam("id")), self._dialect)

    @cached_property
    def by_ids(self) -> Statement:
        return Statement(self._owned.where(self.idiom.one_of(tasks.c.id, "ids")), self._dialect)

    @cached_property
    def by_ids_locked(self) -> Statement:
        some = self._owned.where(self.idiom.one_of(tasks.c.id, "ids"))
        return Statement(some.order_by(tasks.c.id).with_for_update(), self._dialect)

    @cached_property
    def by_tag(self) -> Statement:
        some = self._owned.where(self.idiom.has_all(tasks.c.tags, "tags")).order_by(tasks.c.id)
        return Statement(some.limit(bindparam("limit", type_=Integer)), self._dialect)

    @cached_property
    def revision(self) -> Statement:
        its = (task_tallies.c.owner_id == OWNER, task_tallies.c.kind == REVISION, task_tallies.c.key == "")
        return Statement(select(task_tallies.c.amount).where(*its), self._dialect)

    @cached_property
    def tag_counts(self) -> Statement:
        return Statement(self._tag_counts.order_by(task_tallies.c.key), self._dialect)

    @cached_property
    def tag_count(self) -> Statement:
        return Statement(self._tag_counts.where(task_tallies.c.key == bindparam("key", type_=Text)), self._dialect)

    @cached_property
    def some_tag_counts(self) -> Statement:
        return Statement(self._tag_counts.where(self.idiom.one_of(task_tallies.c.key, "keys")), self._dialect)

    @cached_property
    def statistics(self) -> Statement:
        return Statement(statistics_query(), self._dialect)

    @cached_property
    def tallies(self) -> TallyStatements:
        return TallyStatements(self._dialect)

    @property
    def _owned(self) -> Select[tuple[object, ...]]:
        return select(*TASK_COLUMNS).where(tasks.c.owner_id == OWNER)

    @property
    def _tag_counts(self) -> Select[tuple[str, int]]:
        return select(task_tallies.c.key, task_tallies.c.amount).where(
            task_tallies.c.owner_id == OWNER, task_tallies.c.kind == TAG
        )


class SqlTaskRepository:
    def __init__(self, transaction: Transaction, statements: TaskStatements) -> None:
        self._transaction = transaction
        self._statements = statements

    async def add(self, *tasks: Task) -> None:
        try:
            await self._transaction.execute(self._statements.insert, *map(task_to_row, tasks))
        except ReferenceViolated as error:
            raise UserNotFound from error
        await self._record(gone=(), come=tasks)

    async def get(self, task_id: TaskId, *, owner_id: UserId) -> Task:
        rows = await self._transaction.fetch(self._statements.by_id, owner_id=owner_id, id=task_id)
        if not rows:
            raise TaskNotFound([task_id])
        return task_from_row(rows[0])

    async def get_many(self, task_ids: Sequence[TaskId], *, owner_id: UserId) -> list[Task]:
        ids = self._statements.idiom.members(task_ids)
        rows = await self._transaction.fetch(self._statements.by_ids, owner_id=owner_id, ids=ids)
        found = {task.id: task for task in map(task_from_row, rows)}
        if missing := [task_id for task_id in task_ids if task_id not in found]:
            raise TaskNotFound(missing)
        return [found[task_id] for task_id in task_ids]

    async def find(
        self,
        criteria: TaskCriteria,
        order: TaskOrder,
        *,
        owner_id: UserId,
        limit: int,
        skip: int = 0,
        after: Position | None = None,
        count: bool = False,
    ) -> TaskSlice:
        amounts = await self._amounts(criteria.tags, owner_id=owner_id)
        if not all(amounts):
            return TaskSlice([], 0 if count else None)
        total = None
        if count and len(amounts) == 1 and criteria == TaskCriteria(tags=criteria.tags):
            total = min(*amounts, TOTAL_CAP + 1)
        shape = Shape.of(
            criteria,
            order,
            is_after=after is not None,
            counts=count and total is None,
            gathers=min(amounts, default=FEW + 1) <= FEW,
        )
        rows = await self._transaction.fetch(
            self._statements.find(shape),
            owner_id=owner_id,
            limit=limit,
            skip=0 if after else skip,
            **queries.parameters(criteria, order, after, self._statements.idiom),
        )
        if not shape.counts:
            return TaskSlice([task_from_row(row[: len(TASK_COLUMNS)]) for row in rows], total)
        total = rows[0][0] if criteria.is_plain else min(rows[0][0], TOTAL_CAP + 1)
        return TaskSlice([task_from_row(row[1:]) for row in rows if row[1] is not None], total)

    async def revision(self, *, owner_id: UserId) -> int:
        rows = await self._transaction.fetch(self._statements.revision, owner_id=owner_id)
        return int(rows[0][0]) if rows else 0

    async def with_tag(self, tag: Tag, *, owner_id: UserId, limit: int) -> list[Task]:
        rows = await self._transaction.fetch(self._statements.by_tag, owner_id=owner_id, tags=[tag.name], limit=limit)
        return [task_from_row(row) for row in rows]

    async def save(self, *tasks: Task) -> None:
        old = await self._locked(tasks, version_before=1)
        rows = [row | {"its_owner": row["owner_id"], "its_id": row["id"]} for row in map(task_to_row, tasks)]
        await self._transaction.execute(self._statements.update, *rows)
        await self._record(gone=old, come=tasks)

    async def remove(self, *tasks: Task) -> None:
        old = await self._locked(tasks, version_before=0)
        for owner_id in sorted({task.owner_id for task in tasks}):
            ids = self._statements.idiom.members(task.id for task in tasks if task.owner_id == owner_id)
            await self._transaction.execute(self._statements.delete_changes, {"owner_id": owner_id, "ids": ids})
            await self._transaction.execute(self._statements.delete_files, {"owner_id": owner_id, "ids": ids})
        keys = [{"owner_id": task.owner_id, "id": task.id} for task in tasks]
        await self._transaction.execute(self._statements.delete, *keys)
        await self._record(gone=old, come=())

    async def tag_counts(self, *, owner_id: UserId, only: Tag | None = None) -> list[TagCount]:
        if only is None:
            rows = await self._transaction.fetch(self._statements.tag_counts, owner_id=owner_id)
        else:
            rows = await self._transaction.fetch(self._statements.tag_count, owner_id=owner_id, key=only.name)
        return [TagCount(Tag(name), amount) for name, amount in rows]

    async def statistics(self, now: datetime, zone: tzinfo, *, owner_id: UserId) -> Statistics:
        bounds = statistics_parameters(now, zone)
        return statistics_from(await self._transaction.fetch(self._statements.statistics, owner_id=owner_id, **bounds))

    async def _amounts(self, tags: Collection[Tag], *, owner_id: UserId) -> list[int]:
        """How many tasks have each of the tags."""
        if not tags:
            return []
        keys = self._statements.idiom.members(tag.name for tag in tags)
        rows = await self._transaction.fetch(self._statements.some_tag_counts, owner_id=owner_id, keys=keys)
        found = dict(rows)
        return [found.get(tag.name, 0) for tag in tags]

    async def _locked(self, tasks: Sequence[Task], *, version_before: int) -> list[Task]:
        """What is stored in place of `tasks`, until the transaction ends."""
        stored: dict[TaskId, Task] = {}
        for owner_id in sorted({task.owner_id for task in tasks}):
            ids = self._statements.idiom.members(task.id for task in tasks if task.owner_id == owner_id)
            rows = await self._transaction.fetch_writing(self._statements.by_ids_locked, owner_id=owner_id, ids=ids)
            stored |= {task.id: task for task in map(task_from_row, rows)}
        for task in tasks:
            if task.id not in stored:
                raise TaskNotFound([task.id])
            if stored[task.id].version != task.version - version_before:
                raise StaleTask
        return list(stored.values())

    async def _record(self, *, gone: Iterable[Task], come: Iterable[Task]) -> None:
        await record(self._transaction, self._statements.tallies, gone, come)
