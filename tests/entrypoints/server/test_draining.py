"""A server that stops answers requests that are already on their way, also on idle connections."""

import asyncio

from starlette.types import Receive, Scope, Send

from entrypoints.server.protocol import DeadlineProtocol
from tests.entrypoints.http.service_process import request
from tests.entrypoints.server.serving import TIMEOUT, echo, respond, serving, statuses, until


class ShortLinger(DeadlineProtocol):
    linger = 0.05


async def test_an_idle_connection_accepts_one_more_request_and_says_that_it_is_the_last() -> None:
    async with serving(echo) as server:
        used, new = await server.connect(), await server.connect()
        used.writer.write(request("GET", "/"))
        await used.read_until(b"}")
        for protocol in server.protocols:
            protocol.shutdown()
        for client in (used, new):
            response = await client.exchange(request("POST", "/"))
            assert statuses(response) == [200]
            assert b"\r\nconnection: close\r\n" in response


async def test_an_idle_connection_is_closed_after_a_while() -> None:
    async with serving(echo, ShortLinger) as server:
        used, new = await server.connect(), await server.connect()
        used.writer.write(request("GET", "/"))
        await used.read_until(b"}")
        for protocol in server.protocols:
            protocol.shutdown()
        assert (await used.read_to_end(), await new.read_to_end()) == (b"", b"")


async def test_a_response_that_has_begun_is_finished_and_its_connection_closed_after_a_while() -> None:
    release = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await release.wait()
        await send({"type": "http.response.body", "body": b"{}"})

    async with serving(app, ShortLinger) as server:
        client = await server.connect()
        client.writer.write(request("GET", "/"))
        await until(lambda: server.protocols[0].cycle is not None and server.protocols[0].cycle.response_started)
        server.protocols[0].shutdown()
        release.set()
        assert (await client.read_to_end()).endswith(b"\r\n\r\n{}")


async def test_a_request_in_flight_gets_a_response_that_closes_the_connection() -> None:
    release = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await release.wait()
        await respond(send, b"{}")

    async with serving(app) as server:
        client = await server.connect()
        client.writer.write(request("GET", "/"))
        await until(lambda: server.protocols[0].cycle is not None)
        server.protocols[0].shutdown()
        release.set()
        response = await asyncio.wait_for(client.read_to_end(), TIMEOUT)
    assert statuses(response) == [200]
    assert b"\r\nconnection: close\r\n" in response
