from asyncio import Transport
from asyncio.events import TimerHandle
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS: Final = 10.0
BODY_SECONDS: Final = 60.0
MAX_HEAD: Final = 64 * 1024
"""Bytes of the target and all header fields."""


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 for clients that come to the point: a connection whose request takes too long to arrive, or whose
    head is too large, is closed. uvicorn itself waits for ever."""

    _deadline: TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_within(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._head = 0
        if self._deadline is None:
            self._await_within(HEAD_SECONDS)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._weigh(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._weigh(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._await_within(BODY_SECONDS)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._stop_waiting()
        super().on_message_complete()

    def _weigh(self, *parts: bytes) -> None:
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
