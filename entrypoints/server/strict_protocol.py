"""HTTP/1.1 with limits for each message. uvicorn has none."""

from typing import Any, ClassVar, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from entrypoints.server.refusals import InvalidRequest, Refusals, Refused

MAX_HEAD: Final = 64 * 1024
"""Bytes of the request line, the header fields and the trailers of a request."""

MAX_FIELDS: Final = 100
"""Header fields and trailers of a request."""

MAX_QUEUED: Final = 16
"""Requests of one connection that wait for the response to an earlier one."""

_SEPARATORS: Final = len(b": \r\n")


class StrictProtocol(HttpToolsProtocol):
    """Refuse invalid and too large requests with a problem document, after the responses to earlier requests.

    Trailers and offers to upgrade are ignored. See docs/decisions/0022-limits-of-a-connection.md.
    """

    refusals: ClassVar = Refusals()

    _in_head = False
    _in_body = False
    _head_size = 0
    _fields = 0
    _unparsed = 0
    """Bytes of complete reads since the last complete head or piece of a body."""
    _head_without_upgrade = b""
    _running: RequestResponseCycle | None = None
    """The request that the application handles. `cycle` is the newest request, which may be queued."""
    _is_refusing = False
    """Whether the connection will be closed. What still arrives is ignored."""
    _refusal: bytes | None = None
    """The response to send after those to earlier requests; empty if there is none."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Disconnect the running request and free the queue. uvicorn disconnects only the newest request."""
        super().connection_lost(exc)
        if self._running is not None:
            _disconnect(self._running)
        self.pipeline.clear()

    def data_received(self, data: bytes) -> None:
        """Parse the data.

        After an offer to upgrade, httptools ends the request: it would parse the body as the next request, or nothing
        more if the head also says `Connection: close`. Therefore a new parser parses the head again without the offer.
        """
        if self._is_refusing:
            return
        self._unset_keepalive_if_required()
        self._unparsed += len(data)
        try:
            while data:
                try:
                    self.parser.feed_data(data)
                    break
                except httptools.HttpParserUpgrade as upgrade:
                    self.parser = self._create_parser()
                    data = self._head_without_upgrade + data[upgrade.args[0] :]
            if self._unparsed > MAX_HEAD:
                raise _too_large()
        except httptools.HttpParserError as error:
            cause = error.__context__
            if isinstance(cause, _QueueFull):
                self._close_after_queue()
            else:
                self._refuse(cause if isinstance(cause, Refused) else InvalidRequest())
        except Refused as refused:
            self._refuse(refused)

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= MAX_QUEUED:
            raise _QueueFull
        self._in_head, self._head_size, self._fields, self._unparsed = True, 0, 0, 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        self._count(len(name) + len(value) + _SEPARATORS)
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._unparsed = 0
        if not self.parser.should_upgrade():
            self.start_request()
            self._in_head, self._in_body = False, True
        elif self.parser.get_method() == b"CONNECT":
            raise InvalidRequest
        else:
            self._head_without_upgrade = self._rebuild_head()

    def start_request(self) -> None:
        """Pass the request, whose head is complete, to the application or to the queue.

        Raises:
            Refused: The server cannot handle this request now.
        """
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unparsed = 0
        if self._in_body:
            self._in_body = False
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._refusal is not None and not self._is_busy:
            self._close_with(self._refusal)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    @property
    def _is_busy(self) -> bool:
        return self._running is not None and not (self._running.response_complete or self._running.disconnected)

    def _create_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_data_after_close=True)  # uvicorn needs it for pipelined requests
        return parser

    def _rebuild_head(self) -> bytes:
        fields = b"".join(b"%s: %s\r\n" % field for field in self.headers if field[0] != b"upgrade")
        version = self.parser.get_http_version().encode()
        return b"%s %s HTTP/%s\r\n%s\r\n" % (self.parser.get_method(), self.url, version, fields)

    def _count(self, size: int) -> None:
        self._head_size += size
        if self._head_size > MAX_HEAD or self._fields > MAX_FIELDS:
            raise _too_large()

    def _close_after_queue(self) -> None:
        self._is_refusing = True
        newest, _ = self.pipeline[0]
        newest.keep_alive = False

    def _refuse(self, refused: Refused) -> None:
        self._is_refusing = True
        response = self._render(refused)
        if self._in_body and self.pipeline:
            self.pipeline.popleft()
        elif self._in_body:
            response = b"" if self.cycle.response_started else response
            _disconnect(self.cycle)
        if self._is_busy:
            self._refusal = response
        else:
            self._close_with(response)

    def _render(self, refused: Refused) -> bytes:
        is_known = self._in_head or self._in_body
        target, headers = (self.url, self.headers) if is_known else (b"", [])
        response = self.refusals.respond(refused, headers, target, self.server_state.default_headers)
        head, end, _ = response.partition(b"\r\n\r\n")
        return head + end if is_known and self.parser.get_method() == b"HEAD" else response

    def _close_with(self, response: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(response)
            self.transport.close()


class _QueueFull(Exception):
    """Stop the parser."""


def _too_large() -> InvalidRequest:
    return InvalidRequest(f"the head of a request must have at most {MAX_HEAD} bytes and {MAX_FIELDS} fields")


def _disconnect(cycle: RequestResponseCycle) -> None:
    cycle.disconnected = True
    cycle.message_event.set()
