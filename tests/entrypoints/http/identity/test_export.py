"""The limits of exports, which read everything that a user has."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

from application.operations.export import ExportService
from domain.identity.user import UserId
from entrypoints.wiring.container import Container
from tests.entrypoints.http.given import EXPORT, in_memory

pytestmark = in_memory


class StalledClient:
    """Requests an export and never reads its body."""

    def __init__(self, app: FastAPI, client: AsyncClient) -> None:
        self._app = app
        self._headers = [(name.lower(), value) for name, value in client.headers.raw] + [(b"host", b"tasks.test")]
        self._is_stalled = asyncio.Event()
        self._is_gone = asyncio.Event()
        self.status = 0

    async def start(self) -> "StalledClient":
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": EXPORT,
            "raw_path": EXPORT.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": self._headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        self.request = asyncio.create_task(self._app(scope, self._receive, self._send))
        await self._is_stalled.wait()
        return self

    def disconnect(self) -> None:
        self._is_gone.set()

    async def _receive(self) -> dict[str, Any]:
        await self._is_gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self._is_stalled.set()
            await asyncio.Event().wait()


async def test_a_second_export_is_refused_until_the_first_one_ends(app: FastAPI, ann: AsyncClient) -> None:
    stalled = await StalledClient(app, ann).start()
    assert stalled.status == 200

    response = await ann.get(EXPORT)
    assert (response.status_code, response.json()["error_code"]) == (429, "RATE_LIMITED")
    assert int(response.headers["Retry-After"]) > 0

    stalled.disconnect()
    await stalled.request
    assert (await ann.get(EXPORT)).status_code == 200


async def test_a_cancelled_export_ends(app: FastAPI, ann: AsyncClient) -> None:
    stalled = await StalledClient(app, ann).start()
    stalled.request.cancel()
    await asyncio.wait([stalled.request])
    assert (await ann.get(EXPORT)).status_code == 200


async def test_a_process_refuses_more_exports_than_it_runs(
    app: FastAPI, ann: AsyncClient, ben: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExportService, "MAX_RUNNING", 1)
    stalled = await StalledClient(app, ann).start()

    response = await ben.get(EXPORT)
    assert (response.status_code, response.json()["error_code"]) == (503, "SERVICE_UNAVAILABLE")
    assert int(response.headers["Retry-After"]) > 0

    stalled.disconnect()
    await stalled.request
    assert (await ben.get(EXPORT)).status_code == 200


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_head_reads_nothing_and_returns_the_headers_of_get(
    ann: AsyncClient, client: AsyncClient, container: Container, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    headers = {"Accept-Encoding": encoding}
    got = await ann.get(EXPORT, headers=headers)

    def begin(self: ExportService, user_id: UserId) -> None:
        pytest.fail("the export was read")

    monkeypatch.setattr(ExportService, "_begin", begin)
    head = await ann.head(EXPORT, headers=headers)

    assert (head.status_code, head.content) == (200, b"")
    for response in (got, head):
        del response.headers["X-Request-ID"]
    assert head.headers == got.headers
    assert (await client.head(EXPORT)).status_code == 401


class TestHourlyLimit:
    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"rate_limit_enabled": True, "rate_limit_export": "2/hour"}

    async def test_exports_have_an_hourly_limit_for_each_user(self, ann: AsyncClient, ben: AsyncClient) -> None:
        statuses = [(await ann.request(method, EXPORT)).status_code for method in ("GET", "HEAD", "GET")]
        assert statuses == [200, 200, 429]
        response = await ben.get(EXPORT)
        assert response.status_code == 200
        assert response.headers["RateLimit-Policy"] == '"export";q=2;w=3600'
