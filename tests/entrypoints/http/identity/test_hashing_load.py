"""Floods of logins are refused, and passwords of clients that have disconnected are not hashed."""

import asyncio
import json
from typing import Any, Final

import argon2
import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from starlette.types import Message

from adapters.security.argon2 import Argon2PasswordHasher
from tests.entrypoints.http.given import LOGIN, LOGIN_FORM, PASSWORD, REGISTER, an_account, in_memory

CREDENTIALS: Final = {"username": "ann", "password": PASSWORD}


@in_memory
class TestOverload:
    @pytest.fixture
    def hasher(self) -> Argon2PasswordHasher:
        return Argon2PasswordHasher(memory_kib=8, passes=1, capacity=0)

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            (LOGIN, {"json": CREDENTIALS}),
            (LOGIN_FORM, {"data": CREDENTIALS}),
            (REGISTER, {"json": an_account("ann")}),
        ],
    )
    async def test_requests_are_refused_until_the_queue_has_room(
        self, client: AsyncClient, path: str, body: dict[str, Any]
    ) -> None:
        response = await client.post(path, **body)

        assert (response.status_code, response.json()["error_code"]) == (503, "SERVICE_UNAVAILABLE")
        assert response.headers["Retry-After"] == "1"


@in_memory
@pytest.mark.parametrize("is_gone", [True, False], ids=["gone", "waiting"])
async def test_the_password_of_a_client_that_has_disconnected_is_not_verified(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, is_gone: bool
) -> None:
    verified: list[bytes] = []

    def record(hasher: object, password_hash: str, password: bytes) -> bool:
        verified.append(password)
        raise argon2.exceptions.VerifyMismatchError

    monkeypatch.setattr(argon2.PasswordHasher, "verify", record)
    body = json.dumps(CREDENTIALS).encode()
    messages: list[Message] = [{"type": "http.request", "body": body}]
    sent: list[Message] = []

    async def receive() -> Message:
        if messages:
            return messages.pop()
        if is_gone:
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()  # the connection stays open
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"host", b"tasks.test"), (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    scope = {"type": "http", "method": "POST", "path": LOGIN, "query_string": b"", "headers": headers}
    await app(scope | {"scheme": "http", "client": ("203.0.113.9", 5000), "http_version": "1.1"}, receive, send)

    assert verified == ([] if is_gone else [PASSWORD.encode()])
    assert sent[0]["status"] == (400 if is_gone else 401)
