"""Origins that may write by cookie, also with proxies and ports."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import LOGIN_COOKIE, PASSWORD, in_memory

pytestmark = in_memory

PROXY = "127.0.0.1/32"


async def status(client: AsyncClient, url: str, **headers: str) -> int:
    login = {"username": "ann", "password": PASSWORD}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await client.post(f"{url}{LOGIN_COOKIE}", json=login, headers=named)).status_code


@pytest.mark.parametrize(
    ("url", "origin", "expected"),
    [
        ("http://tasks.test", "http://tasks.test", 204),
        ("https://tasks.test", "https://tasks.test", 204),
        ("http://tasks.test", "https://tasks.test", 403),
        ("https://tasks.test", "http://tasks.test", 403),
        ("http://tasks.test:8000", "http://tasks.test:8000", 204),
        ("http://tasks.test:8000", "http://tasks.test", 403),
        ("http://tasks.test", "http://tasks.test:8000", 403),
        ("https://tasks.test", "https://tasks.test:80", 403),
        ("http://[::1]:8000", "http://[::1]:8000", 204),
        ("http://tasks.test", "http://127.0.0.1:8000", 204),
        ("http://tasks.test", "https://127.0.0.1:8000", 403),
        ("http://tasks.test", "ftp://tasks.test", 403),
        ("http://tasks.test", "http://ann@tasks.test", 403),
        ("http://tasks.test", "http://tasks.test/", 403),
    ],
)
async def test_the_origin_must_match_scheme_host_and_port(
    ann: AsyncClient, client: AsyncClient, url: str, origin: str, expected: int
) -> None:
    assert await status(client, url, Origin=origin) == expected


@pytest.mark.parametrize(
    ("host", "origin", "expected"),
    [
        ("tasks.test:80", "http://tasks.test", 204),
        ("TASKS.test", "http://tasks.test", 204),
        ("tasks.test:443", "http://tasks.test", 403),
    ],
)
async def test_equivalent_spellings_of_the_host_match(
    ann: AsyncClient, client: AsyncClient, host: str, origin: str, expected: int
) -> None:
    assert await status(client, "http://tasks.test", Host=host, Origin=origin) == expected


@pytest.mark.parametrize(
    ("proxies", "proto", "origin", "expected"),
    [
        (PROXY, "https", "https://tasks.test", 204),
        (PROXY, "https", "http://tasks.test", 403),
        (PROXY, "HTTPS", "https://tasks.test", 204),
        (PROXY, "http, https", "https://tasks.test", 204),
        (PROXY, "https, http", "https://tasks.test", 403),
        (PROXY, "http", "http://tasks.test", 204),
        (PROXY, "nonsense", "http://tasks.test", 204),
        (PROXY, "nonsense", "nonsense://tasks.test", 403),
        ("10.0.0.0/8", "https", "https://tasks.test", 403),
        ("10.0.0.0/8", "https", "http://tasks.test", 204),
        ("", "https", "https://tasks.test", 403),
    ],
)
class TestProxies:
    @pytest.fixture
    def options(self, proxies: str) -> dict[str, Any]:
        return {"trusted_proxies": proxies}

    async def test_only_trusted_proxies_may_set_the_scheme(
        self, ann: AsyncClient, client: AsyncClient, proto: str, origin: str, expected: int
    ) -> None:
        assert await status(client, "http://tasks.test", Origin=origin, X_Forwarded_Proto=proto) == expected
