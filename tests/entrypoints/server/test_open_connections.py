import asyncio
from collections.abc import AsyncIterator
from typing import Final

import pytest
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from entrypoints.server import open_connections
from entrypoints.server.protocol import DeadlineProtocol
from tests.entrypoints.http.service_process import request
from tests.entrypoints.server.serving import TIMEOUT, bodies, echo, respond, serving, statuses, until

CLOSE: Final = "Connection: close"
LARGE: Final = 8_000_000
"""Bytes; more than the buffers of the system."""


class Stream:
    """An application whose response has no end. It counts the chunks, and notes when the response is closed."""

    def __init__(self) -> None:
        self.chunks = 0
        self.is_closed = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def content() -> AsyncIterator[bytes]:
            try:
                while True:
                    await asyncio.sleep(0)
                    self.chunks += 1
                    yield b"x" * 65536
            finally:
                self.is_closed.set()

        await StreamingResponse(content())(scope, receive, send)


class Blocking:
    """An application that responds to `/health` at once, and to other requests after `release`."""

    def __init__(self) -> None:
        self.release = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/health":
            await self.release.wait()
        await respond(send, b"{}")


class ShortWriteTimeout(DeadlineProtocol):
    write_timeout = 0.2


class ShortDrainTimeout(DeadlineProtocol):
    drain_timeout = 0.2


class OneConnection(DeadlineProtocol):
    max_connections = 1


class TestStalledResponses:
    async def test_a_response_that_is_not_read_is_aborted_and_its_source_closed(self) -> None:
        stream = Stream()
        async with serving(stream, ShortWriteTimeout) as server:
            client = await server.connect()
            client.writer.write(request("GET", "/"))
            client.pause_reading()
            await asyncio.wait_for(stream.is_closed.wait(), TIMEOUT)
            await until(lambda: server.protocols[0].transport.is_closing())

    async def test_a_response_that_is_not_read_does_not_delay_the_end_of_the_server(self) -> None:
        stream = Stream()
        async with serving(stream, ShortDrainTimeout) as server:
            client = await server.connect()
            client.writer.write(request("GET", "/"))
            client.pause_reading()
            await until(lambda: stream.chunks > 0)
            server.protocols[0].shutdown()
            await asyncio.wait_for(stream.is_closed.wait(), TIMEOUT)

    async def test_complete_responses_and_closing_connections_are_aborted_too(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await respond(send, b"x" * LARGE)

        async with serving(app, ShortWriteTimeout) as server:
            client = await server.connect()
            client.pause_reading()
            client.writer.write(request("GET", "/", CLOSE))
            protocol = server.protocols[0]
            await until(lambda: protocol.cycle is not None and protocol.cycle.response_complete)
            await until(lambda: protocol not in protocol.connections)

    async def test_a_client_that_reads_slowly_has_progress(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await respond(send, b"x" * LARGE)

        async with serving(app) as server:
            client = await server.connect()
            client.pause_reading()
            client.writer.write(request("GET", "/", CLOSE))
            protocol = server.protocols[0]
            await until(lambda: protocol.stalled_checks() == 2)
            unsent = protocol.transport.get_write_buffer_size()
            client.resume_reading()
            await until(lambda: 0 < protocol.transport.get_write_buffer_size() < unsent)
            assert protocol.stalled_checks() == 0
            assert len(await client.read_to_end()) > LARGE

    async def test_a_client_that_reads_nothing_is_sent_only_what_the_buffers_hold(self) -> None:
        stream = Stream()
        async with serving(stream) as server:
            client = await server.connect()
            client.pause_reading()
            client.writer.write(request("GET", "/"))
            await until(lambda: server.protocols[0].stalled_checks() == 2)
            chunks = stream.chunks
            assert server.protocols[0].transport.get_write_buffer_size() < 4 * 65536
            await until(lambda: server.protocols[0].stalled_checks() == 4)
            assert stream.chunks == chunks


class TestLimit:
    async def test_connections_above_the_limit_serve_only_health_checks(self) -> None:
        app = Blocking()
        async with serving(app, OneConnection) as server:
            client = await server.connect()
            client.writer.write(request("GET", "/busy", CLOSE))
            await until(lambda: server.protocols[0].cycle is not None)
            refused = await server.exchange(request("GET", "/x"))
            probe = await server.exchange(request("GET", "/health"))
            app.release.set()
            assert statuses(await client.read_to_end()) == [200]
            accepted = await server.exchange(request("GET", "/x", CLOSE))

        assert statuses(refused) == [503]
        assert b"\r\nretry-after: 1\r\n" in refused
        assert bodies(refused)[0]["error_code"] == "SERVICE_UNAVAILABLE"
        assert statuses(probe) == [200]
        assert b"\r\nconnection: close\r\n" in probe
        assert statuses(accepted) == [200]

    async def test_a_new_connection_replaces_the_one_that_has_waited_longest(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(open_connections, "MIN_WAIT", 0.0)

        class TwoConnections(DeadlineProtocol):
            max_connections = 2

        async with serving(echo, TwoConnections) as server:
            first, second = await server.connect(), await server.connect()
            first.writer.write(request("GET", "/1"))
            await first.read_until(b'"body": ""}')
            third = await server.connect()
            assert await second.read_to_end() == b""
            assert statuses(await first.exchange(request("GET", "/2", CLOSE))) == [200]
            assert statuses(await third.exchange(request("GET", "/3", CLOSE))) == [200]

    async def test_a_connection_that_waits_only_for_a_moment_is_not_replaced(self) -> None:
        async with serving(echo, OneConnection) as server:
            first = await server.connect()
            assert statuses(await server.exchange(request("GET", "/x"))) == [503]
            assert statuses(await first.exchange(request("GET", "/", CLOSE))) == [200]

    async def test_health_checks_get_through_when_clients_occupy_the_reserve(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(open_connections, "RESERVE", 2)
        async with serving(echo, OneConnection) as server:
            for _ in range(5):
                await server.connect()
            assert statuses(await server.exchange(request("GET", "/health"))) == [200]
            await until(lambda: len(server.protocols[0].connections) == 2)
