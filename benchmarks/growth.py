"""How answers slow down as an owner's tasks become many, and whether logging in tells who is registered."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from statistics import median
from typing import Final, Self

from benchmarks.load import Load, request, run
from benchmarks.population import Owner
from benchmarks.questions import Question, questions
from benchmarks.servers import Server

FEW: Final = 1_000
TARGET: Final = 2.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two of a kind in turns on one connection; p50 in milliseconds."""

    name: str
    p50_ms: tuple[float, float]
    ratio: float
    """Of the second to the first."""
    samples: int
    target: float | None
    why: str
    """It grows, where it does."""

    @classmethod
    def of(
        cls,
        question: Question,
        server: Server,
        owners: tuple[Owner, Owner],
        generator: Executor,
        *,
        seconds: float,
        target: float | None = None,
    ) -> Self:
        first, second = (question.asked(owner) for owner in owners)
        turns = [each for turn in zip(first, second, strict=True) for each in turn]
        load = Load(server.port, [turns], seconds, question.status)
        (latencies,) = generator.submit(run, load).result().latencies
        step = 2 * question.every
        few, many = (latencies[step - start :: step] for start in (2, 1))
        p50_ms = (median(few[1:]) * 1e3, median(many[1:]) * 1e3)  # but for the first of each
        return cls(question.name, p50_ms, p50_ms[1] / p50_ms[0], len(many) - 1, target, question.why)


@dataclass(frozen=True, slots=True)
class Growth:
    """From an owner of FEW tasks to one of `many`."""

    many: int
    comparisons: Sequence[Comparison]


def growth(server: Server, owners: tuple[Owner, Owner], many: int, generator: Executor, *, seconds: float) -> Growth:
    asked = questions(server, owners)
    return Growth(
        many,
        [Comparison.of(each, server, owners, generator, seconds=seconds, target=TARGET) for each in asked],
    )


def login(server: Server, known: Owner, unknown: Owner, generator: Executor, *, seconds: float) -> Comparison:
    """A wrong password of somebody registered, and one of nobody."""
    refused = Question("refused login", _login, status=401)
    return Comparison.of(refused, server, (known, unknown), generator, seconds=seconds)


def _login(owner: Owner) -> Sequence[bytes]:
    return [request("POST", "/api/v1/auth/login", body={"username": owner.name, "password": "Wrong-Horse-7"})]
