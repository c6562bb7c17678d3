"""The client address: that of the peer, or the one that trusted proxies forward."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import LOGIN, PASSWORD, REGISTER, SESSIONS, an_account, bearer, in_memory

pytestmark = in_memory


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        ("127.0.0.1/32", [], "127.0.0.1"),
        ("127.0.0.1/32", ["198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1/32", ["6.6.6.6, 198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1/32", ["6.6.6.6", "198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1/32,10.0.0.0/8", ["6.6.6.6, 198.51.100.7, 10.1.2.3"], "198.51.100.7"),
        ("127.0.0.1/32,10.0.0.0/8", ["10.9.9.9, 10.1.2.3"], "10.9.9.9"),
        ("127.0.0.1/32", ["198.51.100.7, unknown"], "127.0.0.1"),
        ("127.0.0.1/32", ["2001:db8::1"], "2001:db8::1"),
        ("127.0.0.1/32", ["\x1b[31m"], "127.0.0.1"),
        ("10.0.0.0/8", ["198.51.100.7"], "127.0.0.1"),
        ("", ["198.51.100.7"], "127.0.0.1"),
    ],
)
class TestAddresses:
    @pytest.fixture
    def options(self, proxies: str) -> dict[str, Any]:
        return {"trusted_proxies": proxies}

    async def test_only_trusted_proxies_may_set_the_client_address(
        self, client: AsyncClient, forwarded: list[str], address: str
    ) -> None:
        await client.post(REGISTER, json=an_account("ann"))
        login = {"username": "ann", "password": PASSWORD}
        response = await client.post(LOGIN, json=login, headers=[("X-Forwarded-For", field) for field in forwarded])
        (session,) = (await client.get(SESSIONS, headers=bearer(response.json()))).json()["items"]
        assert session["ip_address"] == address
