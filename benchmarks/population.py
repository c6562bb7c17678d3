"""Owners and their many tasks, written straight into the tables."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from adapters.sql.rows import task_to_row
from adapters.sql.tables import task_tallies, tasks
from adapters.sql.tallies import Tally, tallied
from benchmarks.servers import Server
from domain.due import Due
from domain.tag import Tag
from domain.task import Priority, Status, Task, TaskId
from domain.user import UserId

PASSWORD: Final = "Correct-Horse-7"

RARE_WORD: Final = "zanzibar"
RARE_TASKS: Final = 5
"""How many of an owner's tasks have the rare word, however many tasks there are."""

# fmt: off
WORDS: Final = (
    "call", "write", "review", "prepare", "plan", "order", "clean", "repair", "book", "check", "read", "fix",
    "paint", "move", "pay", "sign", "draw", "report", "garden", "kitchen", "invoice", "contract", "ticket",
    "window", "backup", "letter", "budget", "meeting", "server", "doctor",
)
# fmt: on
TAGS: Final = tuple(Tag(f"tag-{number}") for number in range(40))
ASKED_TAG: Final = TAGS[9]
"""Carried by one task in twenty."""

YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Owner:
    id: UserId
    name: str
    token: str


def register(server: Server, name: str) -> Owner:
    account = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    status, user = server.ask("POST", "/api/v1/auth/register", body=account)
    assert status == 201, user
    status, login = server.ask("POST", "/api/v1/auth/login", body={"username": name, "password": PASSWORD})
    assert status == 200, login
    return Owner(UserId(UUID(user["id"])), name, login["access_token"])


async def give(database_url: str, amounts: Iterable[tuple[Owner, int]]) -> dict[UserId, list[TaskId]]:
    """To each owner so many tasks; answers their ids, oldest first."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        return {owner.id: await _store(connection, owner.id, amount) for owner, amount in amounts}
    finally:
        await connection.execute("VACUUM ANALYZE")
        await connection.close()


async def _store(connection: "asyncpg.Connection[asyncpg.Record]", owner_id: UserId, amount: int) -> list[TaskId]:
    made = list(_tasks(owner_id, amount))
    amounts: Counter[Tally] = Counter()
    for task in made:
        for tally, more in tallied(task):
            amounts[tally] += more
    columns = [column.name for column in tasks.c]
    async with connection.transaction():
        await connection.copy_records_to_table(
            tasks.name, columns=columns, records=([row[name] for name in columns] for row in map(task_to_row, made))
        )
        await connection.copy_records_to_table(
            task_tallies.name,
            columns=[column.name for column in task_tallies.c],
            records=[(*tally, amount) for tally, amount in amounts.items()],
        )
    return [task.id for task in made]


def _tasks(owner_id: UserId, amount: int) -> Iterator[Task]:
    """Made in the last year, due in the year before or after now, three of ten completed."""
    chance = random.Random(amount)
    now = datetime.now(UTC)
    rare = set(chance.sample(range(amount), RARE_TASKS))
    for number, created_at in enumerate(sorted(now - chance.random() * YEAR for _ in range(amount))):
        (status,) = chance.choices(tuple(Status), (40, 20, 30, 10))
        completed_at = created_at + chance.random() * (now - created_at) if status is Status.COMPLETED else None
        yield Task(
            id=TaskId(uuid7(nanoseconds=int(created_at.timestamp() * 1e6) * 1000)),
            owner_id=owner_id,
            title=_text(chance, 4, RARE_WORD if number in rare else "").capitalize(),
            description=_text(chance, 20) if chance.random() < 0.7 else None,
            status=status,
            priority=chance.choice(tuple(Priority)),
            due=_due(chance, now),
            tags=tuple(sorted(tag for rank, tag in enumerate(TAGS) if chance.random() < 0.5 / (rank + 1))),
            created_at=created_at,
            updated_at=completed_at or created_at,
            completed_at=completed_at,
            version=2 if completed_at else 1,
        )


def _text(chance: random.Random, words: int, *more: str) -> str:
    return " ".join(filter(None, [*more, *chance.choices(WORDS, k=words)]))


def _due(chance: random.Random, now: datetime) -> Due | None:
    at = now + chance.uniform(-1, 1) * YEAR
    return chance.choice((None, Due(at), Due(at.date())))
