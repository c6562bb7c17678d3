"""Authentication by cookie for browsers (RFC 6265bis), and its protection against other pages."""

import http.cookies
from http.cookies import Morsel, SimpleCookie
from typing import Any, Final

import pytest
from httpx2 import AsyncClient, Response

from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.given import (
    LOGIN_COOKIE,
    LOGOUT,
    LOGOUT_ALL,
    ME,
    PASSWORD,
    REFRESH,
    TASKS,
    bearer,
    in_memory,
    tokens_of,
)

pytestmark = in_memory

OWN: Final = {"Origin": "http://tasks.test"}
ALLOWED: Final[list[dict[str, str]]] = [
    OWN,
    {"Origin": "http://127.0.0.1:8000"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {**OWN, "Sec-Fetch-Site": "cross-site"},
]
REFUSED: Final[list[dict[str, str]]] = [
    {},
    {"Origin": "http://evil.test"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://tasks.test.evil.test"},
    {"Origin": "https://tasks.test"},
    {"Origin": "http://tasks.test:81"},
    {"Origin": "https://tasks.test", "X-Forwarded-Proto": "https"},
    {"Origin": "http://evil.test/tasks.test"},
    {"Origin": "tasks.test"},
    {"Origin": "http://evil.test", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": ""},
]


@pytest.fixture
def options() -> dict[str, Any]:
    return {"environment": "testing"}


def cookies_of(response: Response) -> dict[str, Morsel[str]]:
    found: dict[str, Morsel[str]] = {}
    for field in response.headers.get_list("set-cookie"):
        found |= SimpleCookie(field)
    return found


async def log_in_by_cookie(client: AsyncClient, **headers: str) -> Response:
    return await client.post(LOGIN_COOKIE, json={"username": "ann", "password": PASSWORD}, headers=headers)


def sent_back(response: Response) -> dict[str, str]:
    """Return the cookies that a browser would send, independent of the cookie jar of the client."""
    return {"Cookie": "; ".join(f"{name}={cookie.value}" for name, cookie in cookies_of(response).items())}


@pytest.fixture
async def cookies(ann: AsyncClient, connect: Connect) -> dict[str, str]:
    return sent_back(await log_in_by_cookie(connect()))


@pytest.fixture
def browser(connect: Connect, cookies: dict[str, str]) -> AsyncClient:
    client = connect()
    client.headers |= cookies
    return client


@pytest.mark.parametrize(("environment", "prefix"), [("testing", "__Host-"), ("development", "")])
class TestAttributes:
    @pytest.fixture
    def options(self, environment: str) -> dict[str, Any]:
        return {"environment": environment}

    async def test_both_cookies_have_protective_attributes(
        self, ann: AsyncClient, client: AsyncClient, prefix: str
    ) -> None:
        response = await log_in_by_cookie(client)
        cookies = cookies_of(response)

        assert (response.status_code, response.content) == (204, b"")
        assert set(cookies) == {f"{prefix}access_token", f"{prefix}refresh_token"}
        for cookie in cookies.values():
            assert bool(cookie["secure"]) == (prefix != "")
            assert cookie["httponly"]
            assert (cookie["samesite"].lower(), cookie["path"], cookie["domain"]) == ("lax", "/", "")
        assert cookies[f"{prefix}access_token"]["max-age"] == str(15 * 60)
        assert cookies[f"{prefix}refresh_token"]["max-age"] == str(7 * 86_400)

    async def test_cookies_authenticate_a_request(self, ann: AsyncClient, client: AsyncClient, prefix: str) -> None:
        cookies = sent_back(await log_in_by_cookie(client))
        assert prefix in cookies["Cookie"]
        client.cookies.clear()
        assert (await client.get(ME, headers=cookies)).json()["username"] == "ann"
        assert (await client.get(ME)).status_code == 401


async def test_a_cookie_without_the_prefix_is_ignored(browser: AsyncClient) -> None:
    browser.headers["Cookie"] = browser.headers["Cookie"].replace("__Host-", "")
    assert (await browser.get(ME)).status_code == 401
    assert (await browser.post(REFRESH, headers=OWN)).status_code == 401


async def test_a_wrong_password_sets_no_cookie(ann: AsyncClient, client: AsyncClient) -> None:
    response = await client.post(LOGIN_COOKIE, json={"username": "ann", "password": "wrong"})
    assert response.status_code == 401
    assert "Set-Cookie" not in response.headers


async def test_refreshing_by_cookie_sets_new_cookies_once(browser: AsyncClient, connect: Connect) -> None:
    response = await browser.post(REFRESH, headers=OWN)
    new = sent_back(response)

    assert response.status_code == 204
    assert set(cookies_of(response)) == {"__Host-access_token", "__Host-refresh_token"}
    assert new["Cookie"] != browser.headers["Cookie"]
    another = connect()
    assert (await another.get(ME, headers=new)).status_code == 200
    assert (await browser.post(REFRESH, headers=OWN)).status_code == 401
    assert (await another.get(ME, headers=new)).status_code == 401


@pytest.mark.parametrize("path", [LOGOUT, LOGOUT_ALL])
async def test_logging_out_ends_the_session_and_clears_both(browser: AsyncClient, path: str) -> None:
    response = await browser.post(path, headers=OWN)
    cookies = cookies_of(response)

    assert response.status_code == 204
    assert set(cookies) == {"__Host-access_token", "__Host-refresh_token"}
    for cookie in cookies.values():
        assert (cookie.value, cookie["max-age"], cookie["path"], bool(cookie["secure"])) == ("", "0", "/", True)
    assert (await browser.get(ME)).status_code == 401


async def test_a_bearer_token_takes_precedence_over_a_cookie(
    ben: AsyncClient, browser: AsyncClient, connect: Connect
) -> None:
    tokens = await tokens_of(connect(), "ben")
    assert (await browser.get(ME, headers=bearer(tokens))).json()["username"] == "ben"
    response = await browser.post(TASKS, json={"title": "x"}, headers=bearer(tokens) | {"Origin": "http://evil.test"})
    assert response.status_code == 201


@pytest.mark.parametrize("field", ["Bearer forged", "Bearer ", "Basic eDp5", "", "Bearer"])
async def test_an_invalid_bearer_token_does_not_fall_back_to_the_cookie(browser: AsyncClient, field: str) -> None:
    assert (await browser.get(ME, headers={"Authorization": field})).status_code == 401
    assert (await browser.post(LOGOUT, headers=OWN | {"Authorization": field})).status_code == 401
    assert (await browser.get(ME)).status_code == 200


@pytest.mark.parametrize("headers", ALLOWED)
async def test_same_origin_requests_may_write(browser: AsyncClient, headers: dict[str, str]) -> None:
    assert (await browser.post(TASKS, json={"title": "x"}, headers=headers)).status_code == 201


@pytest.mark.parametrize("headers", REFUSED)
async def test_cross_origin_requests_may_not_write(browser: AsyncClient, headers: dict[str, str]) -> None:
    for method, path, body in (
        ("POST", TASKS, {"title": "x"}),
        ("PATCH", ME, {"full_name": "x"}),
        ("DELETE", ME, {"password": PASSWORD}),
        ("POST", LOGOUT, None),
        ("POST", LOGOUT_ALL, None),
        ("POST", REFRESH, None),
    ):
        response = await browser.request(method, path, json=body, headers=headers)
        assert response.status_code == 403, f"{method} {path}"
        assert response.json()["error_code"] == "CSRF_FAILED"
        assert "Set-Cookie" not in response.headers
    assert (await browser.get(TASKS)).json()["total"] == 0
    assert (await browser.post(REFRESH, headers=OWN)).status_code == 204


@pytest.mark.parametrize("headers", REFUSED)
async def test_cross_origin_reads_are_left_to_the_browser(browser: AsyncClient, headers: dict[str, str]) -> None:
    response = await browser.get(ME, headers=headers)
    assert response.status_code == 200
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("headers", [headers for headers in REFUSED if headers])
async def test_a_cross_origin_login_by_cookie_is_refused(
    ann: AsyncClient, client: AsyncClient, headers: dict[str, str]
) -> None:
    response = await log_in_by_cookie(client, **headers)
    assert response.status_code == 403
    assert response.json()["error_code"] == "CSRF_FAILED"
    assert "Set-Cookie" not in response.headers


async def test_no_cookie_is_unquoted(
    cookies: dict[str, str], client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unquoting may take a time that grows with the square of the number of backslashes."""
    quoted = 'x="' + "\\" * 1_000 + '"'
    monkeypatch.setattr(http.cookies, "_unquote", lambda value: pytest.fail("a cookie was unquoted"))
    for path in (ME, "/health"):
        response = await client.get(path, headers={"Cookie": f"{quoted}; {cookies['Cookie']} ;;"})
        assert response.status_code == 200
    assert (await client.get(ME, headers={"Cookie": quoted})).status_code == 401
