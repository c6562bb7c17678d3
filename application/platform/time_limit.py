"""How long a caller waits for the storage: for connections, locks, statements and repeated attempts together.

`docs/decisions/0027-one-time-limit-for-a-request.md` has the reasons for the values.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Final, Self

REQUEST_SECONDS: Final = 1.4
"""For all use cases of a request together."""

BACKGROUND_SECONDS: Final = 10.0
"""For each use case of a job or a command. No client waits, but the lease of a job must not run out."""

MIN_WAIT: Final = 0.05
"""Minimum wait in seconds after the limit, so that a free connection or lock can still be used."""


class TimeLimit:
    """Seconds that may pass in use cases. Enter it while a use case runs.

    Time between use cases does not count: a request may hash a password or receive a file before it stores something.
    """

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._running = 0
        self._running_since = 0.0

    @property
    def remaining(self) -> float:
        """Seconds that are left."""
        return self._left - (monotonic() - self._running_since) if self._running else self._left

    def __enter__(self) -> Self:
        if not self._running:
            self._running_since = monotonic()
        self._running += 1
        return self

    def __exit__(self, *_: object) -> None:
        if self._running == 1:
            self._left = self.remaining
        self._running -= 1


_current: Final[ContextVar[TimeLimit | None]] = ContextVar("time_limit", default=None)


@contextmanager
def limit_time(seconds: float) -> Iterator[None]:
    """Limit the time of all use cases that run in this context together."""
    token = _current.set(TimeLimit(seconds))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def time_limit() -> Iterator[TimeLimit]:
    """Count the time of a use case against the limit of its context, or else against a limit of its own."""
    limit = _current.get()
    token = None
    if limit is None:
        token = _current.set(limit := TimeLimit(BACKGROUND_SECONDS))
    try:
        with limit:
            yield limit
    finally:
        if token is not None:
            _current.reset(token)


def max_wait() -> float:
    """Return the seconds for which a storage may wait for a connection or a lock."""
    limit = _current.get()
    return BACKGROUND_SECONDS if limit is None else max(limit.remaining, MIN_WAIT)
