"""Latency for an owner with many tasks compared with few, and of refused logins for known and unknown users."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from statistics import median
from typing import Final, Self

from benchmarks.load import Load, request, run
from benchmarks.operations import Operation, operations
from benchmarks.owners import Owner
from benchmarks.servers import Server

FEW: Final = 1_000
TARGET: Final = 2.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The latency of one operation for two owners, who take turns on one connection."""

    name: str
    p50_ms: tuple[float, float]
    ratio: float
    """p50 of the second owner divided by that of the first."""
    samples: int
    target: float | None
    reason: str
    """Why the latency grows, if it does."""

    @classmethod
    def measure(
        cls,
        operation: Operation,
        server: Server,
        owners: tuple[Owner, Owner],
        generator: Executor,
        *,
        seconds: float,
        target: float | None = None,
    ) -> Self:
        first, second = (operation.requests(owner) for owner in owners)
        turns = [each for turn in zip(first, second, strict=True) for each in turn]
        load = Load(server.port, [turns], seconds, operation.status)
        (latencies,) = generator.submit(run, load).result().latencies
        step = 2 * operation.cycle_length
        few, many = (latencies[step - start :: step] for start in (2, 1))
        p50_ms = (median(few[1:]) * 1e3, median(many[1:]) * 1e3)  # the first of each is a warm-up
        return cls(operation.name, p50_ms, p50_ms[1] / p50_ms[0], len(many) - 1, target, operation.reason)


@dataclass(frozen=True, slots=True)
class Growth:
    """Comparisons of an owner with FEW tasks and an owner with `many`."""

    many: int
    comparisons: Sequence[Comparison]


def measure_growth(
    server: Server, owners: tuple[Owner, Owner], many: int, generator: Executor, *, seconds: float
) -> Growth:
    return Growth(
        many,
        [
            Comparison.measure(each, server, owners, generator, seconds=seconds, target=TARGET)
            for each in operations(server, owners)
        ],
    )


def compare_refused_logins(
    server: Server, known: Owner, unknown: Owner, generator: Executor, *, seconds: float
) -> Comparison:
    """Compare refused logins: a wrong password of a registered user, and an unknown username."""
    refused = Operation("refused login", _login_requests, status=401)
    return Comparison.measure(refused, server, (known, unknown), generator, seconds=seconds)


def _login_requests(owner: Owner) -> Sequence[bytes]:
    return [request("POST", "/api/v1/auth/login", body={"username": owner.name, "password": "Wrong-Horse-7"})]
