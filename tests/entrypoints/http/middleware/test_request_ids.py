from typing import Final

import pytest
from httpx2 import AsyncClient, Headers

from tests.entrypoints.http.given import ME, TASKS, in_memory

pytestmark = in_memory

NAME: Final = "X-Request-ID"
GOOD: Final = ["1", "-", ".", "a.b_c-D9", "x" * 128, "0197-not-a-uuid"]
BAD: Final = [
    b"",
    b" ",
    b"a b",
    b"x" * 129,
    b"a/b",
    b"a,b",
    b"caf\xe9",
    b"caf\xc3\xa9",
    b"a\tb",
    b'"a"',
    b"{}",
    b"\x7f",
]


@pytest.mark.parametrize("request_id", GOOD)
@pytest.mark.parametrize("path", ["/health", ME, "/nowhere", "/docs", "/static/docs.js"])
async def test_a_valid_request_id_is_returned(client: AsyncClient, path: str, request_id: str) -> None:
    assert (await client.get(path, headers={NAME: request_id})).headers.get_list(NAME) == [request_id]


@pytest.mark.parametrize("request_id", BAD)
async def test_an_invalid_request_id_is_replaced(client: AsyncClient, request_id: bytes) -> None:
    given = {(await client.get("/health", headers=[(NAME.encode(), request_id)])).headers[NAME] for _ in range(2)}

    assert len(given) == 2
    assert request_id.decode("latin-1") not in given


async def test_two_request_ids_are_replaced(client: AsyncClient) -> None:
    for second in ("first", "second"):
        response = await client.get("/health", headers=Headers([(NAME, "first"), (NAME, second)]))
        assert "first" not in response.headers[NAME]
        assert second not in response.headers[NAME]


async def test_a_request_without_id_gets_a_new_one(client: AsyncClient) -> None:
    assert len({(await client.get(path)).headers[NAME] for path in ("/health", "/health", "/nowhere", TASKS)}) == 4
