"""HTTP/1.1 with deadlines, on a limited number of connections."""

from asyncio import Transport
from asyncio.events import TimerHandle
from collections.abc import Callable
from typing import ClassVar, Final
from weakref import WeakKeyDictionary

from uvicorn.server import ServerState

from entrypoints.http.middleware.host_and_https import HEALTH_CHECKS
from entrypoints.http.middleware.response import security_headers
from entrypoints.server.descriptors import connection_limit
from entrypoints.server.open_connections import OpenConnections
from entrypoints.server.refusals import Overloaded, Refusals
from entrypoints.server.strict_protocol import StrictProtocol
from entrypoints.settings import Settings

PROBE_PATHS: Final = frozenset(path.encode() for path in HEALTH_CHECKS)

_open_connections: Final[WeakKeyDictionary[ServerState, OpenConnections]] = WeakKeyDictionary()
"""By server, because uvicorn gives protocols no other place for what they share."""


class DeadlineProtocol(StrictProtocol):
    """Close connections whose request arrives too slowly or whose response is not read. uvicorn has no such limits."""

    head_timeout: ClassVar = 10.0
    body_timeout: ClassVar = 60.0
    write_timeout: ClassVar = 20.0
    linger: ClassVar = 2.0
    """Seconds for which an idle connection accepts one more request when the server stops. A proxy may be sending a
    request at that moment, and it cannot send a lost POST again. Proxies must close idle connections sooner."""
    drain_timeout: ClassVar = 15.0
    """Seconds to finish a request when the server stops. A request whose client is slower ends as if it had left."""
    max_connections: ClassVar = 2000

    _deadline: TimerHandle | None = None
    _connections: OpenConnections
    _is_for_probes = False
    _is_stopping = False
    _unsent = 0
    _has_progress = False
    _stalled_checks = 0

    @classmethod
    def configure(cls, settings: Settings, new_id: Callable[[], object]) -> None:
        """Apply the settings to all connections of this process: uvicorn creates protocols without arguments."""
        cls.max_connections = connection_limit(settings.max_connections)
        cls.refusals = Refusals(new_id, security_headers(settings))

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_deadline(self.head_timeout)
        if (connections := _open_connections.get(self.server_state)) is None:
            connections = OpenConnections(self.max_connections, self.write_timeout, self.loop)
            _open_connections[self.server_state] = connections
        self._connections = connections
        self._is_for_probes = not connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.remove(self)
        self._cancel_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_refusing:
            self._cancel_deadline()
        # An empty line starts no request, but it cancels the keep-alive timeout.
        elif self._is_idle and self.timeout_keep_alive_task is None:
            self._start_deadline(self.head_timeout)

    def on_message_begin(self) -> None:
        if self._deadline is None:
            self._start_deadline(self.head_timeout)
        super().on_message_begin()

    def start_request(self) -> None:
        """Refuse the request if there are too many connections, unless it is a health check."""
        if self._is_for_probes and self.url.partition(b"?")[0] not in PROBE_PATHS:
            raise Overloaded
        self._connections.use(self)
        self._start_deadline(self.body_timeout)
        super().start_request()
        if self._is_for_probes or self._is_stopping:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self._cancel_deadline()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_busy:
            self._connections.wait(self)
        if self._is_stopping:
            self._close_after_linger()

    def resume_writing(self) -> None:
        self._has_progress = True
        super().resume_writing()

    def shutdown(self) -> None:
        """Finish the current request, or wait for one that is on its way, then close the connection."""
        self._is_stopping = True
        if self._is_waiting:
            self._close_after_linger()
        elif not self.cycle.response_started:  # the response then says that the connection is closed
            self.cycle.keep_alive = False
        self.loop.call_later(self.drain_timeout, self.abort)

    def abort(self) -> None:
        self.transport.abort()

    def stalled_checks(self) -> int:
        """Compare how much the client has still to read with the last call. It has no progress if this is not less."""
        unsent = self.transport.get_write_buffer_size()
        has_stalled = unsent >= self._unsent > 0 and not self._has_progress
        self._stalled_checks = self._stalled_checks + 1 if has_stalled else 0
        self._unsent, self._has_progress = unsent, False
        return self._stalled_checks

    @property
    def _is_waiting(self) -> bool:
        """Whether no request is being processed."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def _is_idle(self) -> bool:
        return self._deadline is None and self._is_waiting

    def _close_after_linger(self) -> None:
        self.loop.call_later(self.linger, self._close_if_waiting)

    def _close_if_waiting(self) -> None:
        if self._is_waiting and not self.transport.is_closing():
            self.transport.close()

    def _start_deadline(self, seconds: float) -> None:
        self._cancel_deadline()
        self._deadline = self.loop.call_later(seconds, self._on_deadline)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_deadline(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()
