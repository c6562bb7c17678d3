"""Check that the service and the baseline do the same, before their cost is compared."""

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import asyncpg

from benchmarks.owners import Owner
from benchmarks.scenarios import INSERT_ONLY, NEW_TASK, PAGE, TASKS, Setup, path_of
from benchmarks.servers import Server
from domain.tasks.task import TaskId

GENERATED: Final = {"id", "owner_id", "created_at", "updated_at"}
"""Fields that differ between two tasks created from the same body."""


class ResultsDiffer(Exception):
    """The service and the baseline gave different results."""


async def check_equivalence(setup: Setup) -> None:
    """Compare responses and stored rows. The first two writers must have no tasks yet.

    Raises:
        ResultsDiffer: The service and the baseline differ.
    """
    for reader in setup.readers[:2]:
        for path in (path_of(setup.tasks[reader.id][0]), path_of(setup.tasks[reader.id][-1]), PAGE):
            _check_equal(path, *(_fetch(server, path, reader) for server in (setup.service, setup.baseline)))
    unknown = path_of(TaskId(uuid4()))
    _check_equal(
        unknown, *(server.request("GET", unknown, token=reader.token)[0] for server in (setup.service, setup.baseline))
    )
    writers = setup.writers[:2]
    created = [
        _create(server, owner, TASKS) for server, owner in zip((setup.service, setup.baseline), writers, strict=True)
    ]
    _check_equal("the task created", *created)
    _check_equal("the rows of the task created", *[await _stored_rows(setup.database_url, owner) for owner in writers])
    _check_equal("the task only inserted", created[0], _create(setup.baseline, writers[1], INSERT_ONLY))


def _check_equal(what: str, service: object, baseline: object) -> None:
    if service != baseline:
        raise ResultsDiffer(f"{what}\n  service:  {service}\n  baseline: {baseline}")


def _fetch(server: Server, path: str, owner: Owner) -> object:
    """Return status and body. A cursor is opaque: compare only whether there is one."""
    status, body = server.request("GET", path, token=owner.token)
    if "next_cursor" in body:
        body["next_cursor"] = body["next_cursor"] is not None
    return status, body


def _create(server: Server, owner: Owner, path: str) -> object:
    status, body = server.request("POST", path, token=owner.token, body=NEW_TASK)
    return status, _without_generated(body)


async def _stored_rows(database_url: str, owner: Owner) -> object:
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        tasks = await connection.fetch("SELECT * FROM tasks WHERE owner_id = $1", owner.id)
        counters = await connection.fetch("SELECT kind, key, amount FROM task_tallies WHERE owner_id = $1", owner.id)
        changes = await connection.fetch("SELECT version, changes FROM task_changes WHERE owner_id = $1", owner.id)
    finally:
        await connection.close()
    return (
        [_without_generated(dict(task)) for task in tasks],
        {tuple(counter) for counter in counters},
        [(version, json.loads(values)) for version, values in changes],
    )


def _without_generated(task: Mapping[str, Any]) -> object:
    return {name: value for name, value in task.items() if name not in GENERATED}
