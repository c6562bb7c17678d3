"""The load scenarios, for the service and for the baseline."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.load import request
from benchmarks.owners import Owner
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

SERVICE: Final = "service"
BASELINE: Final = "baseline"
INSERT_ONLY_BASELINE: Final = "insert only"


@dataclass(frozen=True, slots=True)
class Setup:
    """Two servers on one database. Each connection of the load belongs to one owner."""

    database_url: str
    service: Server
    baseline: Server
    readers: Sequence[Owner]
    writers: Sequence[Owner]
    tasks: Mapping[UserId, Sequence[TaskId]]
    """The tasks of the readers."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One server under one load.

    `target` is the maximum ratio of the service's CPU time to that of this variant; None means no limit.
    """

    name: str
    server: Server
    connections: Sequence[Sequence[bytes]]
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """The variants of one load. The first one is the service."""

    name: str
    status: int
    variants: Sequence[Variant]


def scenarios(setup: Setup) -> Iterator[Scenario]:
    yield _read_scenario(
        setup, "get", 2.5, [[path_of(task_id) for task_id in setup.tasks[o.id]] for o in setup.readers]
    )
    yield _read_scenario(setup, "list", 2.5, [[PAGE] for _ in setup.readers])
    create, insert = ([[_create_request(owner, path)] for owner in setup.writers] for path in (TASKS, INSERT_ONLY))
    yield Scenario(
        "create",
        201,
        [
            Variant(SERVICE, setup.service, create),
            Variant(BASELINE, setup.baseline, create, target=3.0),
            Variant(INSERT_ONLY_BASELINE, setup.baseline, insert),
        ],
    )


def path_of(task_id: TaskId) -> str:
    return f"{TASKS}/{task_id}"


def _read_scenario(setup: Setup, name: str, target: float, paths: Sequence[Sequence[str]]) -> Scenario:
    connections = [
        [request("GET", path, token=owner.token) for path in its_paths]
        for owner, its_paths in zip(setup.readers, paths, strict=True)
    ]
    return Scenario(
        name,
        200,
        [Variant(SERVICE, setup.service, connections), Variant(BASELINE, setup.baseline, connections, target)],
    )


def _create_request(owner: Owner, path: str) -> bytes:
    return request("POST", path, token=owner.token, body=NEW_TASK)
