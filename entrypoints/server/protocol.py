"""HTTP/1.1 with deadlines."""

from asyncio import Transport
from asyncio.events import TimerHandle
from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD: Final = 64 * 1024
"""Bytes of the request target and all header fields."""


class DeadlineProtocol(HttpToolsProtocol):
    """Close connections whose request arrives too slowly or has too large a head. uvicorn has no such limits."""

    head_timeout: ClassVar = 10.0
    body_timeout: ClassVar = 60.0

    _deadline: TimerHandle | None = None
    _head_size = 0
    _buffered = 0
    """Bytes that the parser buffers because their element, such as a header field, is incomplete."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_deadline(self.head_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._buffered += len(data)
        super().data_received(data)
        if self._buffered > MAX_HEAD and not self.transport.is_closing():
            self.send_400_response("Invalid HTTP request received.")
        # An empty line starts no request, but it cancels the keep-alive timeout.
        if self._is_idle and self.timeout_keep_alive_task is None:
            self._start_deadline(self.head_timeout)

    def on_message_begin(self) -> None:
        self._head_size = 0
        if self._deadline is None:
            self._start_deadline(self.head_timeout)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count_head(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._buffered = 0
        self._start_deadline(self.body_timeout)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._buffered = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._buffered = 0
        self._cancel_deadline()
        super().on_message_complete()

    @property
    def _is_idle(self) -> bool:
        return self._deadline is None and (self.cycle is None or self.cycle.response_complete)

    def _count_head(self, *parts: bytes) -> None:
        self._buffered = 0
        self._head_size += sum(map(len, parts))
        if self._head_size > MAX_HEAD:
            raise ValueError("the request head is too large")

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
