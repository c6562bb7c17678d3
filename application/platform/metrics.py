"""Numbers for those who run the service. Telling them costs microseconds, never waits and never fails."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

Readings = Mapping[tuple[str, ...], float]
"""By the values of the labels, in their order."""


@dataclass(frozen=True, slots=True)
class Meter:
    """A number that its owner keeps: a level, or with `is_count` one that only grows, in this process."""

    name: str
    meaning: str
    read: Callable[[], Readings]
    labels: tuple[str, ...] = ()
    is_count: bool = False


@dataclass(frozen=True, slots=True)
class Census:
    """Levels that the storage knows, for all processes alike: counted when somebody wants to know."""

    name: str
    meaning: str
    count: Callable[[], Awaitable[Readings]]
    labels: tuple[str, ...]


class Metrics(Protocol):
    def request_began(self) -> None: ...

    def request_ended(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """`method` is one of a few, as each is remembered for ever; `route` a template, or None where none answers."""
        ...

    async def exposed(self) -> bytes:
        """Of all processes of the service, in the text format of Prometheus, 0.0.4."""
        ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...
