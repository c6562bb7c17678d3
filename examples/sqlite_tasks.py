"""A storage of tasks of your own: JSON documents in SQLite. Lists read all tasks of their owner."""

import sqlite3
from contextlib import closing
from typing import Any, Self

from pydantic import TypeAdapter

from task_manager import Slice, StaleTask, StorageContention, Task, TaskChange, TaskId, TaskNotFound, UserId, Window
from task_manager.tasks import CounterAmounts, CounterChanges, CounterKind, NewestFirst, ScanningTasks, slice_of

SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS tasks (owner, id, version, document, PRIMARY KEY (owner, id));
CREATE TABLE IF NOT EXISTS changes (owner, task, version, document, PRIMARY KEY (owner, task, version));
CREATE TABLE IF NOT EXISTS counters (owner, kind, key, amount, PRIMARY KEY (owner, kind, key));
"""
TASK, CHANGE = TypeAdapter(Task), TypeAdapter(TaskChange)


class SqliteTaskStorage:
    def __init__(self, path: str) -> None:
        self._path = path
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(SCHEMA)

    def transaction(self) -> "Transaction":
        return Transaction(self._path)

    async def check(self) -> None:
        async with self.transaction() as transaction:
            await transaction.write("DELETE FROM tasks WHERE FALSE", ())


class Transaction:
    def __init__(self, path: str) -> None:
        self._path = path
        self.tasks, self.counters, self.history = Tasks(self), Counters(self), History(self)

    async def __aenter__(self) -> Self:
        self._connection = sqlite3.connect(self._path, isolation_level=None, timeout=0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._connection.close()  # rolls back what is not committed

    async def commit(self) -> None:
        self._connection.commit()

    async def purge(self, owner_id: UserId, *, limit: int) -> bool:
        tasks = await self.tasks.all_of(owner_id)
        await self.tasks.remove(*tasks[:limit])
        if len(tasks) <= limit:
            await self.write("DELETE FROM counters WHERE owner = ?", (owner_id.hex,))
        return len(tasks) > limit

    def read(self, query: str, *values: object) -> list[Any]:
        return self._connection.execute(query, values).fetchall()

    async def write(self, statement: str, *rows: tuple[object, ...]) -> int:
        if not self._connection.in_transaction:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:  # another transaction writes: the use case is retried
                raise StorageContention(str(error)) from error
        return self._connection.executemany(statement, rows).rowcount


class Tasks(ScanningTasks):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def all_of(self, owner_id: UserId) -> list[Task]:
        rows = self._transaction.read("SELECT document FROM tasks WHERE owner = ?", owner_id.hex)
        return [TASK.validate_json(document) for (document,) in rows]

    async def get(self, task_id: TaskId, *, owner_id: UserId) -> Task:
        query = "SELECT document FROM tasks WHERE (owner, id) = (?, ?)"
        for (document,) in self._transaction.read(query, owner_id.hex, task_id.hex):
            return TASK.validate_json(document)
        raise TaskNotFound(ids=[task_id])

    async def revision(self, *, owner_id: UserId) -> int:
        query = "SELECT total(amount) FROM counters WHERE (owner, kind) = (?, ?)"
        return int(self._transaction.read(query, owner_id.hex, CounterKind.REVISION)[0][0])

    async def add(self, *tasks: Task) -> None:
        rows = [(task.owner_id.hex, task.id.hex, task.version, TASK.dump_json(task)) for task in tasks]
        await self._transaction.write("INSERT INTO tasks VALUES (?, ?, ?, ?)", *rows)

    async def save(self, *tasks: Task) -> None:
        for task in tasks:
            values = (task.version, TASK.dump_json(task))
            await self._replace(task, task.version - 1, "UPDATE tasks SET (version, document) = (?, ?)", *values)

    async def remove(self, *tasks: Task) -> None:
        for task in tasks:
            await self._replace(task, task.version, "DELETE FROM tasks")
            key = (task.owner_id.hex, task.id.hex)
            await self._transaction.write("DELETE FROM changes WHERE (owner, task) = (?, ?)", key)

    async def _replace(self, task: Task, version: int, statement: str, *values: object) -> None:
        row = (*values, task.owner_id.hex, task.id.hex, version)
        if not await self._transaction.write(f"{statement} WHERE (owner, id, version) = (?, ?, ?)", row):
            await self.get(task.id, owner_id=task.owner_id)
            raise StaleTask


class Counters:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, changes: CounterChanges) -> CounterAmounts:
        upsert = "INSERT INTO counters VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount"
        where, amounts = "WHERE (owner, kind, key) = (?, ?, ?)", {}
        for counter, change in changes.items():
            key = (counter.owner_id.hex, counter.kind, counter.key)
            await self._transaction.write(upsert, (*key, change))
            ((amounts[counter],),) = self._transaction.read(f"SELECT amount FROM counters {where}", *key)
            await self._transaction.write(f"DELETE FROM counters {where} AND amount = 0", key)
        return amounts

    async def count_tags(self, *, owner_id: UserId, limit: int) -> int:
        query = "SELECT 1 FROM counters WHERE (owner, kind) = (?, ?) LIMIT ?"
        return len(self._transaction.read(query, owner_id.hex, CounterKind.TAG, limit))


class History:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, *changes: TaskChange) -> None:
        for each in changes:
            await self._transaction.tasks.get(each.task_id, owner_id=each.owner_id)
            row = (each.owner_id.hex, each.task_id.hex, each.version, CHANGE.dump_json(each))
            await self._transaction.write("INSERT INTO changes VALUES (?, ?, ?, ?)", row)

    async def of_task(self, task_id: TaskId, window: Window, *, owner_id: UserId) -> Slice[TaskChange]:
        changes = self._read("(owner, task) = (?, ?)", owner_id.hex, task_id.hex)
        return slice_of(changes, NewestFirst(), window, total=len(changes))

    async def of_owner(self, owner_id: UserId, *, limit: int, after: TaskChange | None = None) -> list[TaskChange]:
        values = (owner_id.hex, *((after.task_id.hex, after.version) if after else ("", 0)), limit)
        return self._read("owner = ? AND (task, version) > (?, ?) ORDER BY task, version LIMIT ?", *values)

    def _read(self, condition: str, *values: object) -> list[TaskChange]:
        rows = self._transaction.read(f"SELECT document FROM changes WHERE {condition}", *values)
        return [CHANGE.validate_json(document) for (document,) in rows]
