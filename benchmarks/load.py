"""Keeps connections busy with requests, and tells how long each answer took. Runs in a process of its own."""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final, cast

import uvloop

CONTENT_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
END_OF_HEAD: Final = b"\r\n\r\n"
BOUNDARY: Final = b"what-no-file-of-random-bytes-has-in-it"
PATIENCE: Final = 30.0
"""Seconds for the last answers, once no more is asked."""


@dataclass(frozen=True, slots=True)
class Load:
    """For each connection the requests it sends over and over, one after the other's answer."""

    port: int
    connections: Sequence[Sequence[bytes]]
    seconds: float
    status: int
    interval: float = 0.0
    """Seconds from one request of a connection to its next, at least; they take turns."""


@dataclass(frozen=True, slots=True)
class Answers:
    latencies: list[list[float]]
    """Seconds, in the order of the requests of each connection."""
    seconds: float
    cpu_seconds: float
    """Of the load generator itself."""

    @property
    def count(self) -> int:
        return sum(map(len, self.latencies))


class UnexpectedAnswer(Exception):
    pass


def request(method: str, path: str, *, token: str | None = None, body: object = None) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join((*lines, "", "")).encode() + content


def multipart(path: str, *, token: str, filename: str, media_type: str, content: bytes) -> bytes:
    """A POST of one part, `file`."""
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


def run(load: Load) -> Answers:
    """Raises UnexpectedAnswer at the first answer of another status, or if the server hangs up."""
    return uvloop.run(_run(load))


async def _run(load: Load) -> Answers:
    loop = asyncio.get_running_loop()
    clients = [_Client(requests, load.status, load.interval) for requests in load.connections]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", load.port)  # type: ignore[misc]
    started, cpu = time.perf_counter(), time.process_time()
    for number, client in enumerate(clients):
        loop.call_later(load.interval * number / len(clients), client.start, started + load.seconds)
    async with asyncio.timeout(load.seconds + PATIENCE):
        await asyncio.gather(*(client.done for client in clients))
    return Answers(
        latencies=[client.latencies for client in clients],
        seconds=time.perf_counter() - started,
        cpu_seconds=time.process_time() - cpu,
    )


class _Client(asyncio.Protocol):
    _transport: asyncio.WriteTransport

    def __init__(self, requests: Sequence[bytes], status: int, interval: float) -> None:
        self.latencies: list[float] = []
        self.done = asyncio.get_running_loop().create_future()
        self._requests = cycle(requests)
        self._status = b"%d" % status
        self._interval = interval
        self._received = bytearray()
        self._size = 0
        """Of the answer with its head, once that is there."""
        self._asked_at = self._until = 0.0

    def start(self, until: float) -> None:
        self._until = until
        self._ask()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._size:
            head, end, body = bytes(self._received).partition(END_OF_HEAD)
            if not end:
                return
            length = CONTENT_LENGTH.search(head)
            if head[9:12] != self._status or length is None:
                self._fail(f"{head.decode()}\n\n{body.decode(errors='replace')}")
                return
            self._size = len(head) + len(end) + int(length[1])
        if len(self._received) >= self._size:
            self._answered()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the server hung up")

    def _answered(self) -> None:
        self._received, self._size = bytearray(), 0
        now = time.perf_counter()
        self.latencies.append(now - self._asked_at)
        asks_at = max(now, self._asked_at + self._interval)
        if asks_at < self._until:
            self._ask_in(asks_at - now)
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()

    def _ask_in(self, seconds: float) -> None:
        if seconds > 0:
            asyncio.get_running_loop().call_later(seconds, self._ask)
        else:
            self._ask()

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        self._transport.write(next(self._requests))

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(UnexpectedAnswer(why))
            self._transport.close()
