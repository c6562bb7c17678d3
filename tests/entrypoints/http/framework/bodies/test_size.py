"""The body size limit, 4 MiB by default. Larger bodies are refused as early as possible."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import LOGIN_FORM, REGISTER, TASKS, an_account, in_memory

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


class TestDefaultLimit:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {}

    @pytest.mark.parametrize(("size", "status"), [(4 * 1024 * 1024, 201), (4 * 1024 * 1024 + 1, 413)])
    async def test_the_limit_is_4_mib(self, ann: AsyncClient, size: int, status: int) -> None:
        assert (await ann.post(TASKS, content=padded(size), headers=JSON)).status_code == status
