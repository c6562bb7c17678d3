import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

COOL_DOWN: Final = 2.0
"""Seconds between two attempts to find out whether it works again."""


class CircuitBreaker:
    """Whether a service that failed is to be asked again.

    The first failure opens it. From then on nobody waits: a probe in the background, at most one at a time,
    closes it once the service answers.
    """

    def __init__(self, probe: Callable[[], Awaitable[object]]) -> None:
        self._probe = probe
        self._opened_at: float | None = None
        self._probing: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        if self._opened_at is None:
            return False
        if self._probing is None and monotonic() - self._opened_at > COOL_DOWN:
            self._probing = asyncio.create_task(self._try())
        return True

    def trip(self) -> None:
        self._opened_at = monotonic()

    def close(self) -> None:
        if self._probing is not None:
            self._probing.cancel()

    async def _try(self) -> None:
        try:
            await self._probe()
            self._opened_at = None
        except Exception:
            self.trip()
        finally:
            self._probing = None
