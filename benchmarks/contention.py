"""Concurrent writes of one owner: throughput, latency, and how many of them are refused."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

from benchmarks.load import Load, request, run
from benchmarks.owners import Owner
from benchmarks.servers import Server

WRITERS: Final = 14
TASKS: Final = "/api/v1/tasks"


@dataclass(frozen=True, slots=True)
class Contention:
    """The measurements of one kind of write."""

    name: str
    writes_per_second: float
    """Successful writes per second."""
    p50_ms: float
    p99_ms: float
    conflicts: float
    """Share of the requests that got 409."""
    unavailable: float
    """Share of the requests that got 503."""


def measure_contention(server: Server, owner: Owner, generator: Executor, *, seconds: float) -> list[Contention]:
    """Measure each kind of write with WRITERS connections of one owner.

    Raises:
        UnexpectedResponse: The server closed a connection.
    """

    def send(method: str, path: str, body: object = None) -> bytes:
        return request(method, f"{TASKS}{path}", token=owner.token, body=body)

    def task_id() -> str:
        status, task = server.request("POST", TASKS, token=owner.token, body={"title": "contended"})
        assert status == 201, task
        return str(task["id"])

    writers, shared = range(WRITERS), task_id()
    own = [task_id() for _ in writers]
    titles = [[{"title": f"{n}-{i}"} for i in range(100)] for n in writers]
    kinds = {
        "edits of one task": [[send("PATCH", f"/{shared}", title) for title in titles[n]] for n in writers],
        "tags of one task": [
            [send("POST", f"/{shared}/tags", [f"t{n}"]), send("DELETE", f"/{shared}/tags/t{n}")] for n in writers
        ],
        "edits of different tasks": [[send("PATCH", f"/{own[n]}", title) for title in titles[n]] for n in writers],
        "new tasks": [[send("POST", "", title) for title in titles[n]] for n in writers],
    }
    return [_measure(name, kinds[name], server, generator, seconds) for name in kinds]


def _measure(
    name: str, connections: Sequence[Sequence[bytes]], server: Server, generator: Executor, seconds: float
) -> Contention:
    result = generator.submit(run, Load(server.port, connections, seconds, status=None)).result()
    latencies = [latency for each in result.latencies for latency in each]
    succeeded = result.statuses[200] + result.statuses[201]
    return Contention(
        name,
        succeeded / result.seconds,
        median(latencies) * 1e3,
        quantiles(latencies, n=100)[-1] * 1e3,
        result.statuses[409] / result.count,
        result.statuses[503] / result.count,
    )
