"""The client address: that of the peer, or the one that trusted proxies forward."""

from typing import Any

import pytest
from httpx2 import AsyncClient
from starlette.requests import Request

from entrypoints.http.framework.client import client_address, request_origin
from entrypoints.http.framework.context import RequestContext
from entrypoints.wiring.container import Container
from tests.entrypoints.http.conftest import settings_of
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
        ("127.0.0.1/32", ["2001:DB8:0::0001"], "2001:db8::1"),
        ("127.0.0.1/32", ["::ffff:198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1/32", ["198.51.100.7:567"], "198.51.100.7"),
        ("127.0.0.1/32", ["[2001:db8::1]:80"], "2001:db8::1"),
        ("127.0.0.1/32", ["fe80::1%eth0"], "fe80::1"),
        ("127.0.0.1/32,::ffff:10.0.0.0/104", ["198.51.100.7, ::ffff:10.1.2.3, 10.1.2.4:80"], "198.51.100.7"),
        ("127.0.0.1/32", ["198.51.100.7, 1.2.3.4:port"], "127.0.0.1"),
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


@pytest.mark.parametrize(
    ("peer", "address"),
    [("::ffff:127.0.0.1", "198.51.100.7"), ("fe80::1%eth0", "198.51.100.7"), ("fe80::2%eth0", "fe80::2"), ("x", "")],
)
def test_a_peer_matches_a_trusted_proxy_in_every_spelling(container: Container, peer: str, address: str) -> None:
    settings = settings_of(trusted_proxies="127.0.0.1/32,fe80::1/128")
    scope = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 1),
        "headers": [(b"host", b"localhost"), (b"x-forwarded-for", b"198.51.100.7"), (b"x-forwarded-proto", b"https")],
    }
    context = RequestContext("1", settings, container.services(), container.metrics())
    context.attach(scope)
    request = Request(scope)

    assert client_address(request) == address
    assert request_origin(request) == ("https://localhost" if address == "198.51.100.7" else "http://localhost")
