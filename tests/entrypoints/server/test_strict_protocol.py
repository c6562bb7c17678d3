import asyncio
from typing import Final

import pytest
from starlette.types import Receive, Scope, Send

from entrypoints.server.protocol import DeadlineProtocol
from entrypoints.server.refusals import Refusals
from entrypoints.server.strict_protocol import MAX_FIELDS, MAX_HEAD, MAX_QUEUED
from tests.entrypoints.http.service_process import request
from tests.entrypoints.server.serving import bodies, echo, respond, serving, statuses, until

CLOSE: Final = "Connection: close"
CHUNKED: Final = "Transfer-Encoding: chunked"
LAST: Final = request("GET", "/last", CLOSE)
INVALID: Final = b"\x00\r\n\r\n"


async def test_trailers_belong_to_no_request() -> None:
    trailers = b"1\r\nx\r\n0\r\nAuthorization: Bearer x\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"
    async with serving(echo) as server:
        responses = await server.exchange(request("POST", "/", CHUNKED, body=trailers) + LAST)

    first, last = bodies(responses)
    assert first == {"path": "/", "headers": [["host", "tasks.test"], ["transfer-encoding", "chunked"]], "body": "x"}
    assert last == {"path": "/last", "headers": [["host", "tasks.test"], ["connection", "close"]], "body": ""}


@pytest.mark.parametrize(
    "sent",
    [
        request("GET", "/", *["a:"] * MAX_FIELDS),
        request("GET", "/", *[f"a: {'x' * (MAX_HEAD // 90 - 4)}"] * 90),
        request("POST", "/", CHUNKED, body=b"0\r\n" + b"a:\r\n" * MAX_FIELDS + b"\r\n"),
        request("POST", "/", CHUNKED, body=b"0\r\n" + (b"a: " + b"x" * 32_000 + b"\r\n") * 3 + b"\r\n"),
    ],
    ids=["too many fields", "too many bytes with separators", "too many trailers", "too large trailers"],
)
async def test_fields_are_limited_in_number_and_size(sent: bytes) -> None:
    async with serving(echo) as server:
        assert statuses(await server.exchange(sent)) == [400]


async def test_a_request_with_the_most_fields_is_accepted() -> None:
    async with serving(echo) as server:
        responses = await server.exchange(request("GET", "/", *["a:"] * (MAX_FIELDS - 2), CLOSE))

    assert len(bodies(responses)[0]["headers"]) == MAX_FIELDS


async def test_an_invalid_request_is_refused_with_a_problem_document() -> None:
    class Protocol(DeadlineProtocol):
        refusals = Refusals(lambda: "new-id")

    async with serving(echo, Protocol) as server:
        unknown = await server.exchange(INVALID)
        known = await server.exchange(request("GET", "/a%20b?c", "X-Request-ID: given-id", " folded"))

    head, _, body = unknown.partition(b"\r\n\r\n")
    assert [line.partition(b":")[0] for line in head.split(b"\r\n")[1:]] == [
        b"content-type",
        b"content-length",
        b"connection",
        b"x-request-id",
        b"x-content-type-options",
        b"x-frame-options",
        b"referrer-policy",
        b"cross-origin-opener-policy",
        b"cache-control",
        b"content-security-policy",
    ]
    assert f"content-length: {len(body)}\r\nconnection: close\r\nx-request-id: new-id\r\n".encode() in head
    assert bodies(unknown) == [
        {
            "type": "about:blank",
            "title": "Bad Request",
            "status": 400,
            "detail": "the request is not valid HTTP",
            "instance": "/",
            "error_code": "MALFORMED_JSON",
            "request_id": "new-id",
        }
    ]
    assert [(each["instance"], each["request_id"]) for each in bodies(known)] == [("/a%20b", "new-id")]


async def test_a_refusal_follows_the_responses_to_earlier_requests() -> None:
    async with serving(echo) as server:
        responses = await server.exchange(request("GET", "/1") + request("GET", "/2") + INVALID + LAST)

    assert statuses(responses) == [200, 200, 400]


async def test_an_invalid_body_disconnects_its_request() -> None:
    received: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while received[-1:] != ["http.disconnect"]:
            received.append((await receive())["type"])

    async with serving(app) as server:
        responses = await server.exchange(request("POST", "/", CHUNKED, body=b"1\r\nx\r\nx\r\n"))

    assert statuses(responses) == [400]
    assert received[-1] == "http.disconnect"


async def test_an_invalid_body_after_the_start_of_the_response_gets_no_second_response() -> None:
    has_started = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        has_started.set()
        while (await receive())["type"] != "http.disconnect":
            pass

    async with serving(app) as server:
        client = await server.connect()
        client.writer.write(request("POST", "/", CHUNKED))
        await has_started.wait()
        responses = await client.exchange(b"x\r\n")

    assert statuses(responses) == [200]


async def test_the_body_of_a_request_that_offers_an_upgrade_is_no_request() -> None:
    smuggled = request("GET", "/smuggled")
    fields = ("Connection: Upgrade", "Upgrade: h2c", f"Content-Length: {len(smuggled)}")
    async with serving(echo) as server:
        client = await server.connect()
        client.writer.write(request("POST", "/", *fields))
        await until(lambda: server.protocols[0].cycle is not None)
        responses = await client.exchange(smuggled + LAST)

    assert [(each["path"], each["body"]) for each in bodies(responses)] == [("/", smuggled.decode()), ("/last", "")]


async def test_a_last_request_that_offers_an_upgrade_gets_its_response() -> None:
    fields = ("Connection: close, Upgrade", "Upgrade: h2c", "Content-Length: 1")
    async with serving(echo) as server:
        responses = await server.exchange(request("POST", "/", *fields, body=b"x"))

    assert [(each["path"], each["body"]) for each in bodies(responses)] == [("/", "x")]


async def test_connect_is_refused() -> None:
    async with serving(echo) as server:
        assert statuses(await server.exchange(request("CONNECT", "tasks.test:443"))) == [400]


async def test_queued_requests_are_limited_and_the_connection_closed_after_them() -> None:
    async with serving(echo) as server:
        responses = await server.exchange(request("GET", "/") * 8000)

    assert statuses(responses) == [200] * (MAX_QUEUED + 1)
    assert b"connection: close" in responses[responses.rindex(b"HTTP/1.1 ") :]


async def test_a_lost_connection_frees_the_queue_and_disconnects_the_running_request() -> None:
    received: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(2):
            received.append((await receive())["type"])

    async with serving(app) as server:
        client = await server.connect()
        client.writer.write(request("GET", "/") * 10)
        await until(lambda: len(server.protocols[0].pipeline) == 9)
        client.writer.transport.abort()
        await until(lambda: len(received) == 2)

        assert received == ["http.request", "http.disconnect"]
        assert not server.protocols[0].pipeline


async def test_a_refused_head_request_gets_no_body() -> None:
    async with serving(echo) as server:
        head, _, body = (await server.exchange(request("HEAD", "/", *["a:"] * MAX_FIELDS))).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert body == b""


async def test_a_pause_in_the_middle_of_the_queue_keeps_the_order() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0)
        await respond(send, b'"%s"' % scope["path"].encode())

    async with serving(app) as server:
        responses = await server.exchange(b"".join(request("GET", f"/{n}") for n in range(10)) + LAST)

    assert bodies(responses) == [*(f"/{n}" for n in range(10)), "/last"]
