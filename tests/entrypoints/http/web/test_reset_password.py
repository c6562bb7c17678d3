"""The page where a user chooses a new password with the link of a reset mail."""

from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from tests.entrypoints.http.given import LOGIN, PASSWORD, RESET, in_memory
from tests.entrypoints.http.mailbox import Mailbox

pytestmark = in_memory

PAGE: Final = "/reset-password"
NEW: Final = "Another-Horse-8"


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """A client of pages: their errors are pages, too."""
    async with AsyncClient(transport=ASGITransport(app), base_url="http://tasks.test") as client:
        yield client


class Form(HTMLParser):
    """The form of a page, and the resources that the page loads."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self.feed(response.text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.tags.add(tag)
        self.action = given.get("action", self.action)
        self.addresses += [given["href"]] if "href" in given else []
        if tag == "input":
            self.fields[given["name"]] = given.get("value", "")


async def link_of(client: AsyncClient, mailbox: Mailbox) -> str:
    await client.post(RESET, json={"email": "ann@example.com"})
    (link,) = await mailbox.links("ann@example.com")
    url = urlsplit(link)
    return f"{url.path}?{url.query}"


async def choose(browser: AsyncClient, link: str, first: str, second: str | None = None) -> Response:
    form = Form(await browser.get(link))
    passwords = {"new_password": first, "confirm_password": first if second is None else second}
    assert set(passwords) < set(form.fields)
    return await browser.post(urljoin(PAGE, form.action), data=form.fields | passwords)


async def logs_in(client: AsyncClient, password: str) -> bool:
    return (await client.post(LOGIN, json={"username": "ann", "password": password})).status_code == 200


async def test_the_link_of_a_mail_shows_a_form_that_sets_a_new_password(
    ann: AsyncClient, client: AsyncClient, browser: AsyncClient, mailbox: Mailbox
) -> None:
    link = await link_of(client, mailbox)
    response = await choose(browser, link, NEW)

    assert (response.status_code, response.headers["Location"]) == (303, "password-changed")
    assert (await browser.get("/password-changed")).status_code == 200
    assert [await logs_in(client, password) for password in (PASSWORD, NEW)] == [False, True]

    again = await choose(browser, link, "Third-Horse-9")
    assert again.status_code == 422
    assert "This link is not valid" in again.text


async def test_a_refused_password_does_not_use_up_the_link(
    ann: AsyncClient, client: AsyncClient, browser: AsyncClient, mailbox: Mailbox
) -> None:
    link = await link_of(client, mailbox)
    for first, second, reason in (
        ("short", "short", "Password must have 8 to 128 characters."),
        ("lower-case-1", "lower-case-1", "Password must also contain an upper case letter."),
        (NEW, "Another-Horse-9", "The two passwords are not equal."),
    ):
        response = await choose(browser, link, first, second)
        assert response.status_code == 422
        assert reason in response.text
        assert first not in response.text
        assert Form(response).fields["token"] == link.partition("=")[2]
    assert (await choose(browser, link, NEW)).status_code == 303


async def test_the_page_needs_no_script_and_does_not_reveal_the_token(browser: AsyncClient) -> None:
    response = await browser.get(f"{PAGE}?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    form = Form(response)

    assert form.fields["token"] == '"><script>alert(1)</script>'
    assert "script" not in form.tags
    assert len(form.addresses) == 2
    for address in form.addresses:
        assert (await browser.get(urljoin(PAGE, address))).status_code == 200
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} < set(policy)
    assert not any(part.startswith("script-src") for part in policy)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"data": {}}, 415),
        ({"data": {"token": "x", "new_password": NEW, "confirm_password": NEW}}, 422),
        ({"json": {"token": "x"}}, 415),
        ({"content": b"token=%FF", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, 422),
        ({"content": b"token=a&token=b", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, 422),
        ({"data": {"token": "x" * 20_000}}, 413),
    ],
)
async def test_other_forms_are_refused(browser: AsyncClient, request_: dict[str, Any], status: int) -> None:
    assert (await browser.post(PAGE, **request_)).status_code == status


async def test_a_link_without_token_is_incomplete(browser: AsyncClient) -> None:
    response = await browser.get(PAGE)

    assert response.status_code == 400
    assert "This link is incomplete" in response.text


class TestLimits:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"rate_limit_enabled": True, "rate_limit_login": "2/minute"}

    async def test_attempts_count_as_logins(self, browser: AsyncClient) -> None:
        form = {"token": "x", "new_password": NEW, "confirm_password": NEW}
        responses = [await browser.post(PAGE, data=form) for _ in range(3)]

        assert [response.status_code for response in responses] == [422, 422, 429]
        assert 1 <= int(responses[-1].headers["Retry-After"]) <= 60
        assert [response.headers["RateLimit"].split(";t=")[0] for response in responses] == [
            f'"login";r={left}' for left in (1, 0, 0)
        ]
        assert "Too many requests; try again in" in responses[-1].text
