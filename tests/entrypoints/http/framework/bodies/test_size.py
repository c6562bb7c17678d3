"""The body size limits. Larger bodies are refused as early as possible."""

from collections.abc import AsyncIterator
from typing import Any, Final
from unicodedata import normalize
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import BULK, LOGIN, LOGIN_FORM, REFRESH, REGISTER, TASKS, an_account, in_memory

pytestmark = in_memory

LIMIT: Final = 1024
JSON: Final = {"Content-Type": "application/json"}
CHUNK: Final = b" " * 100


class Chunks:
    """A body of up to `number` chunks that counts the chunks that were read."""

    def __init__(self, number: int, first: bytes = b"") -> None:
        self.chunks_read = 0
        self._number = number
        self._first = first

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._first:
            yield self._first
        while self.chunks_read < self._number:
            self.chunks_read += 1
            yield CHUNK


@pytest.fixture
def options() -> dict[str, Any]:
    return {"max_body_bytes": LIMIT}


def padded(size: int) -> bytes:
    return b'{"title": "x"}'.ljust(size)


async def test_a_body_up_to_the_limit_is_accepted(ann: AsyncClient) -> None:
    assert (await ann.post(TASKS, content=padded(LIMIT), headers=JSON)).status_code == 201


@pytest.mark.parametrize("path", [TASKS, REGISTER, LOGIN_FORM])
async def test_a_body_over_the_limit_is_refused(ann: AsyncClient, path: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if path == LOGIN_FORM else JSON
    response = await ann.post(path, content=padded(LIMIT + 1), headers=headers)
    assert response.status_code == 413
    assert response.json()["error_code"] == "PAYLOAD_TOO_LARGE"


@pytest.mark.parametrize(
    "size", [LIMIT + 1, 300_000_000, 10**30, 10**5000], ids=lambda size: f"{size:.0e}" if size < 10**300 else "huge"
)
async def test_a_declared_size_over_the_limit_is_refused_without_reading_the_body(ann: AsyncClient, size: int) -> None:
    body = Chunks(100)
    length = "1" + "0" * 5000 if size == 10**5000 else str(size)
    response = await ann.post(TASKS, content=body, headers={**JSON, "Content-Length": length})

    assert response.status_code == 413
    assert body.chunks_read == 0


async def test_a_chunked_body_is_read_only_up_to_the_limit(ann: AsyncClient) -> None:
    body = Chunks(1_000_000, first=b'{"title": "x"}')
    response = await ann.post(TASKS, content=body, headers=JSON)

    assert response.status_code == 413
    assert body.chunks_read <= LIMIT / len(CHUNK) + 1


async def test_a_chunked_body_below_the_limit_is_accepted(ann: AsyncClient) -> None:
    body = Chunks(3, first=b'{"title": "x"}')
    assert (await ann.post(TASKS, content=body, headers=JSON)).status_code == 201


async def test_a_malformed_body_over_the_limit_is_refused_as_too_large(ann: AsyncClient) -> None:
    assert (await ann.post(TASKS, content=b"\xff" * (LIMIT + 1), headers=JSON)).status_code == 413


async def test_an_unauthenticated_request_is_refused_before_its_body_is_read(client: AsyncClient) -> None:
    body = Chunks(100)
    assert (await client.post(TASKS, content=body, headers=JSON)).status_code == 401
    assert body.chunks_read == 0


async def test_a_body_over_the_limit_changes_nothing(ann: AsyncClient, client: AsyncClient) -> None:
    await client.post(TASKS, content=padded(LIMIT + 1), headers=JSON)
    long = an_account("dora", full_name="D", timezone="UTC" + " " * LIMIT)
    assert (await client.post(REGISTER, json=long)).status_code == 413

    assert (await ann.get(TASKS)).json()["total"] == 0
    assert (await client.post(REGISTER, json=an_account("dora"))).status_code == 201


class TestDefaultLimits:
    """Each route has the limit of its largest valid body."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {}

    @pytest.mark.parametrize(
        ("method", "path", "limit"),
        [
            ("POST", LOGIN, 16 * 1024),
            ("POST", LOGIN_FORM, 16 * 1024),
            ("POST", REGISTER, 16 * 1024),
            ("POST", REFRESH, 16 * 1024),
            ("DELETE", BULK, 16 * 1024),
            ("POST", TASKS, 128 * 1024),
            ("PATCH", BULK, 128 * 1024),
            ("POST", BULK, 4 * 1024 * 1024),
        ],
    )
    async def test_a_body_over_the_limit_of_its_route_is_refused(
        self, ann: AsyncClient, method: str, path: str, limit: int
    ) -> None:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if path == LOGIN_FORM else JSON
        for size, is_too_large in ((limit, False), (limit + 1, True)):
            response = await ann.request(method, path, content=padded(size), headers=headers)
            assert (response.status_code == 413) is is_too_large

    async def test_the_largest_valid_bodies_are_accepted(self, ann: AsyncClient) -> None:
        largest = {
            "title": "\U0001f600" * 255,
            "description": "\U0001f600" * 2000,
            "tags": [normalize("NFD", "\u1ed9" * 48) + f"{n:02}" for n in range(10, 30)],
        }
        created = await ann.post(TASKS, json=largest)
        assert created.status_code == 201
        assert len(created.json()["tags"]) == 20
        batch = {"tasks": [{**largest, "tags": [f"{n:02}".ljust(50, "\u00e4") for n in range(20)]}] * 100}
        assert (await ann.post(BULK, json=batch)).status_code == 201
        ids = [str(uuid4()) for _ in range(100)]
        assert (await ann.request("PATCH", BULK, json={"task_ids": ids, "updates": largest})).status_code == 404
        assert (await ann.request("DELETE", BULK, json={"task_ids": ids})).status_code == 404
