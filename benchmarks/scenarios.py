"""What is asked of ours and of the floor."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.load import request
from benchmarks.population import Owner
from benchmarks.servers import Server
from domain.identity.user import UserId
from domain.tasks.task import TaskId

TASKS: Final = "/api/v1/tasks"
PAGE: Final = f"{TASKS}?limit=20"
INSERT_ONLY: Final = f"{TASKS}/insert-only"
NEW_TASK: Final[Mapping[str, Any]] = {
    "title": "Prepare the report for the second quarter",
    "description": "Figures from the customers, the suppliers and the newsletter; a draft by Monday.",
    "priority": "high",
    "due_date": "2031-03-03",
    "tags": ["work", "reports"],
}

OURS: Final = "ours"
FLOOR: Final = "floor"
INSERT_ONLY_FLOOR: Final = "insert only"


@dataclass(frozen=True, slots=True)
class Stage:
    """Two servers on one database. Every connection of the load is one owner's."""

    database_url: str
    ours: Server
    floor: Server
    readers: Sequence[Owner]
    writers: Sequence[Owner]
    tasks: Mapping[UserId, Sequence[TaskId]]
    """The readers' own."""


@dataclass(frozen=True, slots=True)
class Contender:
    """`target`: how many times its CPU ours may use; None where that is only told."""

    name: str
    server: Server
    connections: Sequence[Sequence[bytes]]
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """Ours comes first."""

    name: str
    status: int
    contenders: Sequence[Contender]


def scenarios(stage: Stage) -> Iterator[Scenario]:
    yield _reading(stage, "get", 2.5, [[path_of(task_id) for task_id in stage.tasks[o.id]] for o in stage.readers])
    yield _reading(stage, "list", 2.5, [[PAGE] for _ in stage.readers])
    create, insert = ([[_creation(owner, path)] for owner in stage.writers] for path in (TASKS, INSERT_ONLY))
    yield Scenario(
        "create",
        201,
        [
            Contender(OURS, stage.ours, create),
            Contender(FLOOR, stage.floor, create, target=3.0),
            Contender(INSERT_ONLY_FLOOR, stage.floor, insert),
        ],
    )


def path_of(task_id: TaskId) -> str:
    return f"{TASKS}/{task_id}"


def _reading(stage: Stage, name: str, target: float, paths: Sequence[Sequence[str]]) -> Scenario:
    connections = [
        [request("GET", path, token=owner.token) for path in its_paths]
        for owner, its_paths in zip(stage.readers, paths, strict=True)
    ]
    return Scenario(
        name, 200, [Contender(OURS, stage.ours, connections), Contender(FLOOR, stage.floor, connections, target)]
    )


def _creation(owner: Owner, path: str) -> bytes:
    return request("POST", path, token=owner.token, body=NEW_TASK)
