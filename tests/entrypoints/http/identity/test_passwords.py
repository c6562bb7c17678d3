"""Changing and resetting a password."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from httpx2 import AsyncClient

from entrypoints.wiring.container import Container
from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.given import (
    CHANGE_PASSWORD,
    CONFIRM,
    LOGIN,
    ME,
    PASSWORD,
    RESET,
    UNKNOWN,
    SettableClock,
    anonymised,
    bearer,
    in_memory,
    sign_up,
    tokens_of,
)
from tests.entrypoints.http.mailbox import Mailbox

NEW: Final = "Another-Horse-8"
WEAK: Final = ("", "x", "Sh0rt-1", "no-upper-1", "NO-LOWER-1", "No-digits", "NoSpecial1", "A1-" + "a" * 126)


async def logs_in(client: AsyncClient, password: str) -> bool:
    response = await client.post(LOGIN, json={"username": "ann", "password": password})
    assert response.status_code in {200, 401}
    return response.status_code == 200


async def confirm(client: AsyncClient, token: str, password: str = NEW) -> tuple[int, str | None]:
    response = await client.post(CONFIRM, json={"token": token, "new_password": password})
    return response.status_code, response.json()["error_code"] if response.content else None


async def test_a_change_ends_all_other_sessions(ann: AsyncClient, client: AsyncClient) -> None:
    other = await tokens_of(client, "ann")
    response = await ann.post(CHANGE_PASSWORD, json={"current_password": PASSWORD, "new_password": NEW})

    assert (response.status_code, response.content) == (204, b"")
    assert (await ann.get(ME)).status_code == 200
    assert (await client.get(ME, headers=bearer(other))).status_code == 401
    assert [await logs_in(client, password) for password in (PASSWORD, NEW)] == [False, True]


async def test_changing_a_password_requires_the_current_one(ann: AsyncClient, client: AsyncClient) -> None:
    other = await tokens_of(client, "ann")
    for wrong in ("", "wrong", PASSWORD.lower(), f"{PASSWORD} ", "x" * 10_000):
        response = await ann.post(CHANGE_PASSWORD, json={"current_password": wrong, "new_password": NEW})
        assert response.status_code == 403
        assert response.json()["error_code"] == "WRONG_PASSWORD"
    assert (await client.get(ME, headers=bearer(other))).status_code == 200
    assert await logs_in(client, PASSWORD)


@in_memory
@pytest.mark.parametrize("weak", WEAK)
async def test_a_weak_new_password_is_refused(
    ann: AsyncClient, client: AsyncClient, mailbox: Mailbox, weak: str
) -> None:
    response = await ann.post(CHANGE_PASSWORD, json={"current_password": PASSWORD, "new_password": weak})
    assert response.status_code == 422
    assert response.json()["error_code"] == "WEAK_PASSWORD"
    await client.post(RESET, json={"email": "ann@example.com"})
    token = await mailbox.token("ann@example.com")
    assert await confirm(client, token, weak) == (422, "WEAK_PASSWORD")
    assert await logs_in(client, PASSWORD)
    assert await confirm(client, token) == (204, None)


async def test_the_mailed_link_resets_the_password(ann: AsyncClient, client: AsyncClient, mailbox: Mailbox) -> None:
    response = await client.post(RESET, json={"email": "ANN@example.com"})
    assert (response.status_code, response.content) == (202, b"")
    (link,) = await mailbox.links("ann@example.com")
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/reset-password\?token=[\w-]{43,}", link)

    assert await confirm(client, await mailbox.token("ann@example.com")) == (204, None)
    assert (await ann.get(ME)).status_code == 401
    assert [await logs_in(client, password) for password in (PASSWORD, NEW)] == [False, True]


async def test_a_reset_token_works_once(ann: AsyncClient, client: AsyncClient, mailbox: Mailbox) -> None:
    await client.post(RESET, json={"email": "ann@example.com"})
    token = await mailbox.token("ann@example.com")
    assert await confirm(client, token) == (204, None)
    assert await confirm(client, token, "A-Third-Horse-9") == (422, "INVALID_RESET_TOKEN")
    assert await logs_in(client, NEW)


async def test_a_reset_token_stays_valid_when_another_one_is_requested(
    ann: AsyncClient, client: AsyncClient, mailbox: Mailbox
) -> None:
    await client.post(RESET, json={"email": "ann@example.com"})
    old = await mailbox.token("ann@example.com")
    await client.post(RESET, json={"email": "ann@example.com"})
    (new,) = {link.partition("token=")[2] for link in await mailbox.links("ann@example.com")} - {old}
    assert await confirm(client, old) == (204, None)
    assert await confirm(client, new) == (422, "INVALID_RESET_TOKEN")


@in_memory
async def test_a_user_gets_at_most_five_reset_mails_and_each_request_the_same_response(
    ann: AsyncClient, client: AsyncClient, mailbox: Mailbox
) -> None:
    responses = [await client.post(RESET, json={"email": "ann@example.com"}) for _ in range(8)]
    assert {response.status_code for response in responses} == {202}
    assert len({anonymised(response) for response in responses}) == 1
    assert len(await mailbox.links("ann@example.com")) == 5


@pytest.mark.parametrize(
    ("later", "is_good"), [(timedelta(minutes=30, seconds=-1), True), (timedelta(minutes=30), False)]
)
async def test_a_reset_token_is_valid_for_30_minutes(
    ann: AsyncClient, client: AsyncClient, mailbox: Mailbox, clock: SettableClock, later: timedelta, is_good: bool
) -> None:
    await client.post(RESET, json={"email": "ann@example.com"})
    token = await mailbox.token("ann@example.com")
    clock.advance(later)
    status, _ = await confirm(client, token)
    assert (status == 204) == is_good
    assert await logs_in(client, NEW) == is_good


async def test_changing_the_password_invalidates_the_reset_token(
    ann: AsyncClient, client: AsyncClient, mailbox: Mailbox
) -> None:
    await client.post(RESET, json={"email": "ann@example.com"})
    token = await mailbox.token("ann@example.com")
    await ann.post(CHANGE_PASSWORD, json={"current_password": PASSWORD, "new_password": NEW})
    assert await confirm(client, token, "A-Third-Horse-9") == (422, "INVALID_RESET_TOKEN")


async def test_a_reset_request_does_not_reveal_accounts(
    ann: AsyncClient, ada: AsyncClient, client: AsyncClient, mailbox: Mailbox, connect: Connect
) -> None:
    inactive = await sign_up(connect(), "inactive")
    path = f"/api/v1/users/{(await inactive.get(ME)).json()['id']}"
    assert (await ada.patch(path, json={"is_active": False})).status_code == 200
    addresses = ("ann@example.com", "unknown@example.com", "inactive@example.com")
    responses = [await client.post(RESET, json={"email": address}) for address in addresses]

    assert {response.status_code for response in responses} == {202}
    assert len({anonymised(response) for response in responses}) == 1
    assert [len(await mailbox.links(address)) for address in addresses] == [1, 0, 0]


@in_memory
@pytest.mark.parametrize("token", ["", "x", "é", UNKNOWN, "A" * 64, "_-" * 32, "a" * 1000])
async def test_a_guessed_token_is_invalid(ann: AsyncClient, client: AsyncClient, token: str) -> None:
    assert await confirm(client, token) == (422, "INVALID_RESET_TOKEN")


@in_memory
class TestMailOutage:
    @pytest.fixture
    def container(self, container: Container, tmp_path: Path) -> Container:
        (tmp_path / "mail").write_text("not a folder")
        return container

    async def test_a_reset_request_gets_the_same_response(self, ann: AsyncClient, client: AsyncClient) -> None:
        responses = [await client.post(RESET, json={"email": f"{name}@example.com"}) for name in ("ann", "unknown")]
        assert [response.status_code for response in responses] == [202, 202]
        assert anonymised(responses[0]) == anonymised(responses[1])


async def test_new_users_receive_a_welcome_mail(ann: AsyncClient, mailbox: Mailbox) -> None:
    (text,) = await mailbox.messages("ann@example.com")
    assert "ann" in text
    assert PASSWORD not in text
