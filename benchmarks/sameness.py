"""That ours and the floor do the same, before it is asked what that costs them."""

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import asyncpg

from benchmarks.population import Owner
from benchmarks.scenarios import INSERT_ONLY, NEW_TASK, PAGE, TASKS, Stage, path_of
from benchmarks.servers import Server
from domain.tasks.task import TaskId

OWN: Final = {"id", "owner_id", "created_at", "updated_at"}
"""What differs between two tasks made alike."""


class Different(Exception):
    pass


async def require_same(stage: Stage) -> None:
    """Raises Different. The first two writers must have no task yet."""
    for reader in stage.readers[:2]:
        for path in (path_of(stage.tasks[reader.id][0]), path_of(stage.tasks[reader.id][-1]), PAGE):
            _require(path, *(_shown(server, path, reader) for server in (stage.ours, stage.floor)))
    unknown = path_of(TaskId(uuid4()))
    _require(unknown, *(server.ask("GET", unknown, token=reader.token)[0] for server in (stage.ours, stage.floor)))
    writers = stage.writers[:2]
    created = [_created(server, owner, TASKS) for server, owner in zip((stage.ours, stage.floor), writers, strict=True)]
    _require("the task created", *created)
    _require("what was stored of it", *[await _stored(stage.database_url, owner) for owner in writers])
    _require("the task only inserted", created[0], _created(stage.floor, writers[1], INSERT_ONLY))


def _require(what: str, ours: object, floor: object) -> None:
    if ours != floor:
        raise Different(f"{what}\n  ours:  {ours}\n  floor: {floor}")


def _shown(server: Server, path: str, owner: Owner) -> object:
    """An answer; of a cursor only whether there is one, since nobody but its maker reads it."""
    status, body = server.ask("GET", path, token=owner.token)
    if "next_cursor" in body:
        body["next_cursor"] = body["next_cursor"] is not None
    return status, body


def _created(server: Server, owner: Owner, path: str) -> object:
    status, body = server.ask("POST", path, token=owner.token, body=NEW_TASK)
    return status, _without_own(body)


async def _stored(database_url: str, owner: Owner) -> object:
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        tasks = await connection.fetch("SELECT * FROM tasks WHERE owner_id = $1", owner.id)
        tallies = await connection.fetch("SELECT kind, key, amount FROM task_tallies WHERE owner_id = $1", owner.id)
        changes = await connection.fetch("SELECT version, changes FROM task_changes WHERE owner_id = $1", owner.id)
    finally:
        await connection.close()
    return (
        [_without_own(dict(task)) for task in tasks],
        {tuple(tally) for tally in tallies},
        [(version, json.loads(values)) for version, values in changes],
    )


def _without_own(task: Mapping[str, Any]) -> object:
    return {name: value for name, value in task.items() if name not in OWN}
