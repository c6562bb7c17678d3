"""An HTTP load generator: keeps connections busy and measures the latency of each response. Runs in its own process."""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final, cast

import uvloop

CONTENT_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
END_OF_HEAD: Final = b"\r\n\r\n"
BOUNDARY: Final = b"benchmark-multipart-boundary-3f1c9a"
TIMEOUT: Final = 30.0
"""Seconds to wait for the last responses after the load has ended."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to send. Each connection repeats its requests and waits for each response before it sends the next."""

    port: int
    connections: Sequence[Sequence[bytes]]
    seconds: float
    status: int | None
    """The status of every response; None allows any."""
    interval: float = 0.0
    """Minimum seconds between two requests of a connection. The connections start at staggered times."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The measurements of one load."""

    latencies: list[list[float]]
    """Seconds, per connection, in the order of its requests."""
    statuses: Counter[int]
    seconds: float
    cpu_seconds: float
    """CPU time of the load generator itself."""

    @property
    def count(self) -> int:
        return sum(map(len, self.latencies))


class UnexpectedResponse(Exception):
    """The server did not respond as the benchmark expects."""


def request(method: str, path: str, *, token: str | None = None, body: object = None) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join((*lines, "", "")).encode() + content


def multipart(path: str, *, token: str, filename: str, media_type: str, content: bytes) -> bytes:
    """Build a POST request with one part named `file`."""
    part = f'Content-Disposition: form-data; name="file"; filename="{filename}"\r\nContent-Type: {media_type}'
    body = b"\r\n".join((b"--" + BOUNDARY, part.encode(), b"", content, b"--" + BOUNDARY + b"--", b""))
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {token}",
        f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join((*lines, "", "")).encode() + body


def run(load: Load) -> LoadResult:
    """Send the load and return the measurements.

    Raises:
        UnexpectedResponse: A response has another status, or the server closed the connection.
    """
    return uvloop.run(_run(load))


async def _run(load: Load) -> LoadResult:
    loop = asyncio.get_running_loop()
    clients = [_Client(requests, load.status, load.interval) for requests in load.connections]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", load.port)  # type: ignore[misc]
    started, cpu = time.perf_counter(), time.process_time()
    for number, client in enumerate(clients):
        loop.call_later(load.interval * number / len(clients), client.start, started + load.seconds)
    async with asyncio.timeout(load.seconds + TIMEOUT):
        await asyncio.gather(*(client.done for client in clients))
    return LoadResult(
        latencies=[client.latencies for client in clients],
        statuses=sum((client.statuses for client in clients), start=Counter()),
        seconds=time.perf_counter() - started,
        cpu_seconds=time.process_time() - cpu,
    )


class _Client(asyncio.Protocol):
    _transport: asyncio.WriteTransport

    def __init__(self, requests: Sequence[bytes], status: int | None, interval: float) -> None:
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.done = asyncio.get_running_loop().create_future()
        self._requests = cycle(requests)
        self._status = status
        self._interval = interval
        self._received = bytearray()
        self._size = 0
        """Bytes of the response with its head; 0 ends_at the head is complete."""
        self._sent_at = self._ends_at = 0.0

    def start(self, ends_at: float) -> None:
        self._ends_at = ends_at
        self._send()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._size:
            head, end, body = bytes(self._received).partition(END_OF_HEAD)
            if not end:
                return
            length, status = CONTENT_LENGTH.search(head), int(head[9:12])
            if self._status not in {status, None} or length is None:
                self._fail(f"{head.decode()}\n\n{body.decode(errors='replace')}")
                return
            self.statuses[status] += 1
            self._size = len(head) + len(end) + int(length[1])
        if len(self._received) >= self._size:
            self._finish_response()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the server closed the connection")

    def _finish_response(self) -> None:
        self._received, self._size = bytearray(), 0
        now = time.perf_counter()
        self.latencies.append(now - self._sent_at)
        next_at = max(now, self._sent_at + self._interval)
        if next_at < self._ends_at:
            self._send_in(next_at - now)
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()

    def _send_in(self, seconds: float) -> None:
        if seconds > 0:
            asyncio.get_running_loop().call_later(seconds, self._send)
        else:
            self._send()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._requests))

    def _fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(UnexpectedResponse(reason))
            self._transport.close()
