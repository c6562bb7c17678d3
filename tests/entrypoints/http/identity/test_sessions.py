"""Refreshing and revoking sessions."""

import asyncio
import base64
import json
from datetime import timedelta
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.given import (
    LOGOUT,
    LOGOUT_ALL,
    ME,
    REFRESH,
    SESSIONS,
    UNKNOWN,
    Json,
    SettableClock,
    anonymised,
    bearer,
    in_memory,
    tokens_of,
)


async def refresh(client: AsyncClient, token: str) -> Response:
    return await client.post(REFRESH, json={"refresh_token": token})


async def is_in(client: AsyncClient, tokens: Json) -> bool:
    """Return whether both tokens are valid. This uses the refresh token."""
    responses = await client.get(ME, headers=bearer(tokens)), await refresh(client, tokens["refresh_token"])
    assert {response.status_code for response in responses} in ({200}, {401})
    return responses[0].status_code == 200


async def test_a_refresh_issues_both_tokens(ann: AsyncClient, client: AsyncClient) -> None:
    first = await tokens_of(client, "ann")
    response = await refresh(client, first["refresh_token"])
    second = response.json()

    assert response.status_code == 200
    assert set(second) == set(first)
    assert second["user"] == first["user"]
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert (await client.get(ME, headers=bearer(first))).status_code == 200
    assert await is_in(client, second)


async def test_reusing_a_refresh_token_ends_its_session(ann: AsyncClient, client: AsyncClient) -> None:
    first = await tokens_of(client, "ann")
    second = (await refresh(client, first["refresh_token"])).json()
    again = await refresh(client, first["refresh_token"])

    assert again.status_code == 401
    assert again.json()["error_code"] == "INVALID_TOKEN"
    assert not await is_in(client, second)
    assert not await is_in(client, first)
    assert (await ann.get(ME)).status_code == 200


@in_memory
async def test_a_refresh_token_made_from_the_ids_of_an_access_token_changes_nothing(
    ann: AsyncClient, client: AsyncClient
) -> None:
    tokens = await tokens_of(client, "ann")
    claims = json.loads(base64.urlsafe_b64decode(tokens["access_token"].split(".")[1] + "=="))
    ids = UUID(claims["sub"]).bytes + UUID(claims["sid"]).bytes
    made_up = base64.urlsafe_b64encode(ids + bytes(32)).rstrip(b"=").decode()
    response = await refresh(client, made_up)

    assert (response.status_code, response.json()["error_code"]) == (401, "INVALID_TOKEN")
    assert await is_in(client, tokens)


async def test_at_most_one_of_many_concurrent_refreshes_succeeds(ann: AsyncClient, client: AsyncClient) -> None:
    tokens = await tokens_of(client, "ann")
    responses = await asyncio.gather(*(refresh(client, tokens["refresh_token"]) for _ in range(20)))
    statuses = sorted(response.status_code for response in responses)

    assert statuses == [200] + [401] * 19
    (good,) = [response.json() for response in responses if response.status_code == 200]
    assert not await is_in(client, good)
    assert (await ann.get(ME)).status_code == 200


async def test_logging_out_ends_one_session(ann: AsyncClient, client: AsyncClient) -> None:
    tokens, others = await tokens_of(client, "ann"), await tokens_of(client, "ann")
    response = await client.post(LOGOUT, headers=bearer(tokens))

    assert (response.status_code, response.content) == (204, b"")
    assert not await is_in(client, tokens)
    assert await is_in(client, others)
    assert (await client.post(LOGOUT, headers=bearer(tokens))).status_code == 401


async def test_logging_out_everywhere_ends_all_sessions_of_the_user(
    ann: AsyncClient, ben: AsyncClient, client: AsyncClient
) -> None:
    tokens = [await tokens_of(client, "ann") for _ in range(2)]
    assert (await ann.post(LOGOUT_ALL)).status_code == 204
    assert (await ann.get(ME)).status_code == 401
    assert [await is_in(client, one) for one in tokens] == [False, False]
    assert (await ben.get(ME)).status_code == 200


async def test_sessions_are_listed_with_client_and_times(
    ann: AsyncClient, client: AsyncClient, clock: SettableClock
) -> None:
    clock.advance(timedelta(minutes=1))
    tokens = await tokens_of(client, "ann")
    clock.advance(timedelta(minutes=1))
    await refresh(client, tokens["refresh_token"])
    items = (await ann.get(SESSIONS)).json()["items"]

    assert [item["is_current"] for item in items] == [False, True]
    assert {(item["user_agent"] or "").split("/")[0] for item in items} == {client.headers["User-Agent"].split("/")[0]}
    assert {item["ip_address"] for item in items} == {"127.0.0.1"}
    assert items[0]["created_at"] == "2026-03-04T12:01:00Z"
    assert items[0]["last_used_at"] == "2026-03-04T12:02:00Z"
    assert items[0]["expires_at"] == "2026-03-11T12:01:00Z"


async def test_a_session_is_ended_by_id(ann: AsyncClient, client: AsyncClient) -> None:
    tokens = await tokens_of(client, "ann")
    newest, current = (await ann.get(SESSIONS)).json()["items"]
    assert (await ann.delete(f"{SESSIONS}/{newest['id']}")).status_code == 204
    assert not await is_in(client, tokens)
    assert (await ann.get(SESSIONS)).json()["items"] == [current]

    ended, unknown = [await ann.delete(f"{SESSIONS}/{id}") for id in (newest["id"], UNKNOWN)]
    assert ended.json()["error_code"] == "SESSION_NOT_FOUND"
    assert anonymised(ended) == anonymised(unknown)
    assert (await ann.delete(f"{SESSIONS}/no-uuid")).status_code == 404
    assert (await ann.delete(f"{SESSIONS}/{current['id']}")).status_code == 204
    assert (await ann.get(ME)).status_code == 401


async def test_a_session_ends_a_week_after_login_despite_refreshes(
    ann: AsyncClient, client: AsyncClient, clock: SettableClock
) -> None:
    tokens = await tokens_of(client, "ann")
    for _ in range(6):
        clock.advance(timedelta(days=1))
        response = await refresh(client, tokens["refresh_token"])
        assert response.status_code == 200
        tokens = response.json()
    clock.advance(timedelta(days=1) - timedelta(seconds=1))
    tokens = (await refresh(client, tokens["refresh_token"])).json()
    assert (await client.get(SESSIONS, headers=bearer(tokens))).status_code == 200
    clock.advance(timedelta(seconds=1))
    assert not await is_in(client, tokens)


async def test_an_access_token_expires_before_its_session(
    ann: AsyncClient, client: AsyncClient, clock: SettableClock
) -> None:
    tokens = await tokens_of(client, "ann")
    clock.advance(timedelta(minutes=15))
    assert (await client.get(ME, headers=bearer(tokens))).status_code == 401
    assert (await refresh(client, tokens["refresh_token"])).status_code == 200


@in_memory
@pytest.mark.parametrize("token", ["", "x", "é", "a" * 200, "A" * 86, "=" * 86, "_-" * 43])
async def test_malformed_refresh_tokens_are_refused(client: AsyncClient, token: str) -> None:
    response = await refresh(client, token)
    assert response.status_code == 401
    assert response.json()["error_code"] == "INVALID_TOKEN"


@in_memory
async def test_access_and_refresh_tokens_are_not_interchangeable(ann: AsyncClient, client: AsyncClient) -> None:
    tokens = await tokens_of(client, "ann")
    swapped = {"access_token": tokens["refresh_token"]}
    assert (await client.get(ME, headers=bearer(swapped))).status_code == 401
    response = await refresh(client, tokens["access_token"])
    assert (response.status_code, response.json()["error_code"]) == (401, "INVALID_TOKEN")
    assert (await client.post(REFRESH)).json()["error_code"] == "NOT_AUTHENTICATED"
    assert await is_in(client, tokens)


async def test_a_role_change_takes_effect_on_the_next_request(
    ann: AsyncClient, ada: AsyncClient, connect: Connect
) -> None:
    path = f"/api/v1/users/{(await ann.get(ME)).json()['id']}"
    for role, status in (("manager", 200), ("user", 403)):
        assert (await ada.patch(path, json={"role": role})).status_code == 200
        assert (await ann.get("/api/v1/users")).status_code == status
    assert (await ada.patch(path, json={"is_active": False})).status_code == 200
    assert (await ann.get(ME)).status_code == 401
    assert (await ada.patch(path, json={"is_active": True})).status_code == 200
    await tokens_of(connect(), "ann")
