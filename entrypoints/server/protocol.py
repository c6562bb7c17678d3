from asyncio import Transport
from asyncio.events import TimerHandle
from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD: Final = 64 * 1024
"""Bytes of the target and all header fields."""


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 for clients that come to the point: a connection whose request takes too long to arrive, or whose
    head is too large, is closed. uvicorn itself waits for ever."""

    head_seconds: ClassVar = 10.0
    body_seconds: ClassVar = 60.0

    _deadline: TimerHandle | None = None
    _head = 0
    _unfinished = 0
    """Bytes of what the parser holds back until it is whole."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_within(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unfinished += len(data)
        super().data_received(data)
        if self._unfinished > MAX_HEAD and not self.transport.is_closing():
            self.send_400_response("Invalid HTTP request received.")
        if self._is_idle and self.timeout_keep_alive_task is None:  # empty lines begin no request, and end its wait
            self._await_within(self.head_seconds)

    def on_message_begin(self) -> None:
        self._head = 0
        if self._deadline is None:
            self._await_within(self.head_seconds)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._weigh(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._weigh(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._unfinished = 0
        self._await_within(self.body_seconds)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unfinished = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unfinished = 0
        self._stop_waiting()
        super().on_message_complete()

    @property
    def _is_idle(self) -> bool:
        return self._deadline is None and (self.cycle is None or self.cycle.response_complete)

    def _weigh(self, *parts: bytes) -> None:
        self._unfinished = 0
        self._head += sum(map(len, parts))
        if self._head > MAX_HEAD:
            raise ValueError("the head of the request is too large")

    def _await_within(self, seconds: float) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()
