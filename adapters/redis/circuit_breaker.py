import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

COOL_DOWN: Final = 2.0
"""Seconds between two probes of a service that failed."""


class CircuitBreaker:
    """Stop calls to a service that failed, until it answers again.

    The first failure opens the circuit. While it is open, callers do not wait. One probe at a time runs in the
    background and closes the circuit when the service answers.
    """

    def __init__(self, probe: Callable[[], Awaitable[object]], on_change: Callable[[bool], None]) -> None:
        """Create a closed circuit.

        Args:
            probe: Calls the service. It raises an error if the service does not answer.
            on_change: Called with True when the circuit opens, and with False when it closes.
        """
        self._probe = probe
        self._on_change = on_change
        self._opened_at: float | None = None
        self._probing: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls must be skipped. Reading it starts a probe when one is due."""
        if self._opened_at is None:
            return False
        if self._probing is None and monotonic() - self._opened_at > COOL_DOWN:
            self._probing = asyncio.create_task(self._run_probe())
        return True

    def trip(self) -> None:
        """Open the circuit."""
        if self._opened_at is None:
            self._on_change(True)
        self._opened_at = monotonic()

    def close(self) -> None:
        """Cancel a running probe."""
        if self._probing is not None:
            self._probing.cancel()

    async def _run_probe(self) -> None:
        try:
            await self._probe()
            self._opened_at = None
            self._on_change(False)
        except Exception:
            self.trip()
        finally:
            self._probing = None
