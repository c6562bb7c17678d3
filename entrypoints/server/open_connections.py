"""The open connections of one server process."""

import asyncio
from typing import Final, Protocol

import structlog

RESERVE: Final = 64
"""Connections above the limit, which serve only health checks."""

MIN_WAIT: Final = 1.0
"""Seconds that a connection may wait for a request before another one may replace it."""

CHECKS: Final = 4
"""Checks in a row without progress after which a response has stalled."""


class Connection(Protocol):
    def abort(self) -> None: ...

    def stalled_checks(self) -> int:
        """Return how many calls in a row found that the client has read none of the unsent bytes."""
        ...


class OpenConnections:
    """Limit the number of connections, and abort those whose client reads nothing for `write_timeout` seconds.

    Above the limit, a new connection replaces the one that has waited longest for a request. If all are in use, the
    new connection belongs to the reserve, in which new connections replace the oldest ones.
    """

    def __init__(self, limit: int, write_timeout: float, loop: asyncio.AbstractEventLoop) -> None:
        self._limit = limit
        self._interval = write_timeout / CHECKS
        self._loop = loop
        self._regular: set[Connection] = set()
        self._reserve: dict[Connection, None] = {}
        self._waiting: dict[Connection, float] = {}
        """The time since when each connection waits for a request, the oldest first."""
        self._has_timer = False
        self._is_full = False

    def add(self, connection: Connection) -> bool:
        """Return whether the connection may be used for every request, not only for health checks."""
        self._schedule_check()
        if len(self._regular) < self._limit or self._replace_waiting():
            self._regular.add(connection)
            self.wait(connection)
            return True
        self._log_once()
        self._reserve[connection] = None
        if len(self._reserve) > RESERVE:
            self._abort(next(iter(self._reserve)))
        return False

    def remove(self, connection: Connection) -> None:
        self._regular.discard(connection)
        self._reserve.pop(connection, None)
        self._waiting.pop(connection, None)

    def wait(self, connection: Connection) -> None:
        """Note that the connection waits for a request."""
        if connection in self._regular:
            self._waiting[connection] = self._loop.time()

    def use(self, connection: Connection) -> None:
        """Note that the head of a request is complete."""
        self._waiting.pop(connection, None)

    def _replace_waiting(self) -> bool:
        oldest = next(iter(self._waiting), None)
        if oldest is None or self._loop.time() - self._waiting[oldest] < MIN_WAIT:
            return False
        self._abort(oldest)
        return True

    def _abort(self, connection: Connection) -> None:
        self.remove(connection)
        connection.abort()

    def _schedule_check(self) -> None:
        if not self._has_timer:
            self._has_timer = True
            self._loop.call_later(self._interval, self._check)

    def _check(self) -> None:
        """Abort stalled connections.

        Calls at intervals instead of deadlines: a process that was suspended gives its clients time to read.
        """
        self._has_timer = self._is_full = False
        connections = [*self._regular, *self._reserve]
        for connection in connections:
            if connection.stalled_checks() >= CHECKS:
                self._abort(connection)
        if connections:
            self._schedule_check()

    def _log_once(self) -> None:
        """Log once per interval."""
        if not self._is_full:
            self._is_full = True
            structlog.get_logger("server").warning("all connections are in use", limit=self._limit)
