"""How answers slow down as an owner's tasks become many, and whether logging in tells who is registered."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from statistics import median
from typing import Final, Self
from urllib.parse import urlencode

from benchmarks.load import Load, request, run
from benchmarks.population import ASKED_TAG, RARE_WORD, Owner
from benchmarks.scenarios import TASKS
from benchmarks.servers import Server

FEW: Final = 1_000
MANY: Final = 100_000
TARGET: Final = 2.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two requests in turns on one connection; p50 in milliseconds."""

    name: str
    p50_ms: tuple[float, float]
    ratio: float
    """Of the second to the first."""
    samples: int
    target: float | None

    @classmethod
    def of(
        cls,
        name: str,
        server: Server,
        requests: tuple[bytes, bytes],
        generator: Executor,
        *,
        seconds: float,
        status: int = 200,
        target: float | None = None,
    ) -> Self:
        (latencies,) = generator.submit(run, Load(server.port, [requests], seconds, status)).result().latencies
        first, second = (median(latencies[start::2]) * 1e3 for start in (2, 3))  # but for the first of each
        return cls(name, (first, second), second / first, len(latencies) // 2 - 1, target)


def growth(server: Server, few: Owner, many: Owner, generator: Executor, *, seconds: float) -> Iterator[Comparison]:
    """Between an owner of FEW tasks and one of MANY."""
    deep = {owner.id: _cursor_at(server, owner, amount // 2) for owner, amount in ((few, FEW), (many, MANY))}
    questions: Mapping[str, tuple[Callable[[Owner], str], float | None]] = {
        "statistics": (lambda _: f"{TASKS}/statistics", TARGET),
        "first page": (lambda _: TASKS, TARGET),
        "deep page by cursor": (lambda owner: _query(cursor=deep[owner.id]), None),
        "by due date": (lambda _: _query(sort_by="due_date", sort_order="asc"), None),
        "tag filter": (lambda _: _query(tag=ASKED_TAG.name), None),
        "search, rare word": (lambda _: _query(search=RARE_WORD), None),
    }
    for name, (path, target) in questions.items():
        requests = (_get(path(few), few), _get(path(many), many))
        yield Comparison.of(name, server, requests, generator, seconds=seconds, target=target)


def login(server: Server, known: Owner, generator: Executor, *, seconds: float) -> Comparison:
    """A wrong password of somebody registered, and one of nobody."""
    requests = (_login(known.name), _login("nobody-of-this-name"))
    return Comparison.of("refused login", server, requests, generator, seconds=seconds, status=401)


def _cursor_at(server: Server, owner: Owner, skip: int) -> str:
    status, page = server.ask("GET", _query(skip=skip), token=owner.token)
    assert status == 200, page
    return str(page["next_cursor"])


def _query(**parameters: str | int) -> str:
    return f"{TASKS}?{urlencode(parameters)}"


def _get(path: str, owner: Owner) -> bytes:
    return request("GET", path, token=owner.token)


def _login(username: str) -> bytes:
    return request("POST", "/api/v1/auth/login", body={"username": username, "password": "Wrong-Horse-7"})
