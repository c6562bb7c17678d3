"""A server in the event loop of the test."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from entrypoints.server.protocol import DeadlineProtocol
from entrypoints.server.sockets import listen

TIMEOUT = 30.0
"""Seconds until a test gives up."""


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def exchange(self, sent: bytes) -> bytes:
        """Send bytes and return everything that the server sends until it closes the connection."""
        self.writer.write(sent)
        return await self.read_to_end()

    async def read_to_end(self) -> bytes:
        received = b""
        try:
            while part := await asyncio.wait_for(self.reader.read(65536), TIMEOUT):
                received += part
        except ConnectionResetError:
            pass
        return received

    def pause_reading(self) -> None:
        cast(asyncio.Transport, self.writer.transport).pause_reading()

    def resume_reading(self) -> None:
        cast(asyncio.Transport, self.writer.transport).resume_reading()

    async def read_until(self, end: bytes) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(end), TIMEOUT)


@dataclass
class Server:
    port: int
    protocols: list[DeadlineProtocol] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)

    async def connect(self) -> Client:
        """Return a client whose connection the server has accepted."""
        expected = len(self.protocols) + 1
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        await until(lambda: len(self.protocols) == expected)
        return client

    async def exchange(self, sent: bytes) -> bytes:
        return await (await self.connect()).exchange(sent)


@asynccontextmanager
async def serving(app: ASGIApp, protocol: type[DeadlineProtocol] = DeadlineProtocol) -> AsyncIterator[Server]:
    """Serve the application. The sockets are those of the real server."""
    config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None)
    config.load()
    state = ServerState()
    (listening,) = listen("127.0.0.1", 0)
    server = Server(listening.getsockname()[1])

    def create_protocol() -> DeadlineProtocol:
        server.protocols.append(protocol(config, state, {}))
        return server.protocols[-1]

    listener = await asyncio.get_running_loop().create_server(create_protocol, sock=listening)
    try:
        yield server
    finally:
        listener.close()
        for client in server.clients:
            client.writer.transport.abort()
        await until(lambda: not state.connections and not state.tasks)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(TIMEOUT):
        while not condition():  # noqa: ASYNC110 - uvicorn sets no events
            await asyncio.sleep(0.001)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Respond with the path, the headers and the body of the request."""
    body, is_complete = b"", False
    while not is_complete:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, is_complete = body + message["body"], not message["more_body"]
    headers = [[name.decode(), value.decode()] for name, value in scope["headers"]]
    await respond(send, json.dumps({"path": scope["path"], "headers": headers, "body": body.decode()}).encode())


async def respond(send: Send, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def bodies(responses: bytes) -> list[Any]:
    """Return the JSON bodies of responses, in order."""
    return [json.loads(part.partition(b"\r\n\r\n")[2]) for part in responses.split(b"HTTP/1.1 ")[1:]]


def statuses(responses: bytes) -> list[int]:
    return [int(part[:3]) for part in responses.split(b"HTTP/1.1 ")[1:]]
