"""Rate limits and their headers (IETF draft-ietf-httpapi-ratelimit-headers-10)."""

from datetime import timedelta
from typing import Any, Final

import pytest
from httpx2 import AsyncClient, Response

from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.given import (
    CHANGE_PASSWORD,
    CONFIRM,
    LOGIN,
    LOGIN_COOKIE,
    LOGIN_FORM,
    ME,
    PASSWORD,
    REFRESH,
    REGISTER,
    RESET,
    TASKS,
    SettableClock,
    an_account,
    bearer,
    in_memory,
    tokens_of,
)

pytestmark = in_memory

LIMITS: Final = {
    "rate_limit_enabled": True,
    "rate_limit_read": "3/minute",
    "rate_limit_write": "2/minute",
    "rate_limit_login": "4/minute",
    "rate_limit_register": "3/hour",
    "trusted_proxies": "127.0.0.1/32,10.0.0.0/8",
}
WRONG: Final = {"username": "ann", "password": "wrong"}


@pytest.fixture
def options() -> dict[str, Any]:
    return dict(LIMITS)


def summary(response: Response) -> tuple[int, str, str]:
    return response.status_code, response.headers["RateLimit-Policy"], response.headers["RateLimit"]


def from_(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


async def test_read_requests_over_the_limit_are_refused(ann: AsyncClient, clock: SettableClock) -> None:
    clock.advance(timedelta(seconds=20))
    for left in (2, 1, 0):
        assert summary(await ann.get(TASKS)) == (200, '"read";q=3;w=60', f'"read";r={left};t=40')
    refused = await ann.get(ME)
    assert summary(refused) == (429, '"read";q=3;w=60', '"read";r=0;t=40')
    assert refused.headers["Retry-After"] == "40"
    assert refused.json()["detail"] == "too many requests; try again in 40 seconds"
    assert refused.json()["error_code"] == "RATE_LIMITED"
    clock.advance(timedelta(seconds=39))
    assert (await ann.get(TASKS)).headers["Retry-After"] == "1"
    clock.advance(timedelta(seconds=1))
    assert summary(await ann.get(TASKS)) == (200, '"read";q=3;w=60', '"read";r=2;t=60')


async def test_write_requests_are_counted_separately_also_when_refused(ann: AsyncClient) -> None:
    assert summary(await ann.post(TASKS, json={"title": "x"})) == (201, '"write";q=2;w=60', '"write";r=1;t=60')
    assert summary(await ann.post(TASKS, json={})) == (422, '"write";q=2;w=60', '"write";r=0;t=60')
    assert (await ann.post(TASKS, json={"title": "x"})).status_code == 429
    assert (await ann.get(TASKS)).json()["total"] == 1


async def test_each_user_is_counted_separately(ann: AsyncClient, ben: AsyncClient, connect: Connect) -> None:
    elsewhere = connect()
    elsewhere.headers |= bearer(await tokens_of(connect(), "ann")) | from_("198.51.100.7")
    assert [(await client.get(TASKS)).status_code for client in (ann, elsewhere, ann, elsewhere)] == [200] * 3 + [429]
    assert (await ben.get(TASKS)).status_code == 200


async def test_requests_with_an_invalid_token_are_not_counted(ann: AsyncClient, client: AsyncClient) -> None:
    for _ in range(5):
        assert (await client.get(TASKS, headers={"Authorization": "Bearer forged"})).status_code == 401
    assert (await ann.get(TASKS)).headers["RateLimit"] == '"read";r=2;t=60'


async def test_probes_and_pages_are_not_counted(client: AsyncClient) -> None:
    for path in ("/health", "/docs", "/openapi.json"):
        for _ in range(5):
            response = await client.get(path)
            assert response.status_code == 200
            assert "RateLimit" not in response.headers


async def test_logins_are_counted_by_address(client: AsyncClient) -> None:
    for n, path in enumerate((LOGIN, LOGIN_COOKIE, REFRESH, RESET)):
        body = {REFRESH: {"refresh_token": "x"}, RESET: {"email": f"user-{n}@example.com"}}
        response = await client.post(path, json=body.get(path, {"username": f"user-{n}", "password": "x"}))
        assert summary(response)[1:] == ('"login";q=4;w=60', f'"login";r={3 - n};t=60')
    response = await client.post(LOGIN_FORM, data={"username": "another", "password": "x"})
    assert response.status_code == 429
    assert (await client.post(CONFIRM, json={"token": "x", "new_password": PASSWORD})).status_code == 429
    assert (await client.post(LOGIN, json=WRONG, headers=from_("198.51.100.7"))).status_code == 401


class TestWrongPasswords:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return LIMITS | {"rate_limit_write": "100/minute"}

    async def test_wrong_passwords_of_a_caller_count_as_failed_logins(
        self, ann: AsyncClient, client: AsyncClient, clock: SettableClock
    ) -> None:
        clock.advance(timedelta(seconds=20))
        change = {"current_password": "wrong", "new_password": PASSWORD}
        for n in range(3):
            network = from_(f"2001:db8::{n}")
            responses = (
                await ann.post(CHANGE_PASSWORD, json=change, headers=network),
                await ann.request("DELETE", ME, json={"password": "wrong"}, headers=network),
            )
            assert [response.status_code for response in responses] == ([403] * 2 if n < 2 else [429] * 2)
        for response in responses:
            assert summary(response) == (429, '"login";q=4;w=60', '"login";r=0;t=40')
            assert response.headers["Retry-After"] == "40"
        right = {"username": "ann", "password": PASSWORD}
        assert (await client.post(LOGIN, json=right, headers=network)).status_code == 429
        assert (await client.post(LOGIN, json=right)).status_code == 200


async def test_registrations_are_counted_by_address(client: AsyncClient, clock: SettableClock) -> None:
    for n in range(3):
        response = await client.post(REGISTER, json=an_account(f"user-{n}"))
        assert summary(response) == (201, '"register";q=3;w=3600', f'"register";r={2 - n};t=3600')
    assert (await client.post(REGISTER, json=an_account("user-4"))).status_code == 429
    assert (await client.post(REGISTER, json=an_account("user-5"), headers=from_("198.51.100.7"))).status_code == 201
    clock.advance(timedelta(hours=1))
    assert (await client.post(REGISTER, json=an_account("user-4"))).status_code == 201
