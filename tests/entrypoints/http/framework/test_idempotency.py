"""`Idempotency-Key`: a repeated request takes effect once."""

import asyncio
from datetime import timedelta
from typing import Any, Final

import pytest
from httpx2 import AsyncClient, Response

from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.given import (
    BULK,
    TASKS,
    USERS,
    Json,
    SettableClock,
    account_of,
    an_account,
    bearer,
    create,
    path_of,
    tokens_of,
)

KEY: Final = "8e03978e-40d5-43dd-bc93-6894a57f9324"
REPLAYED: Final = "Idempotency-Replayed"


async def post(client: AsyncClient, path: str = TASKS, key: str = KEY, **body: Any) -> Response:
    return await client.post(path, json=body or {"title": "IdempotentWrite"}, headers={"Idempotency-Key": key})


async def total(client: AsyncClient) -> int:
    count: int = (await client.get(TASKS)).json()["total"]
    return count


def summary(response: Response) -> tuple[int, bytes, str | None, str | None, str]:
    headers = response.headers
    return (
        response.status_code,
        response.content,
        headers.get("Location"),
        headers.get("ETag"),
        headers["Content-Type"],
    )


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (TASKS, {"title": "IdempotentWrite", "due_date": "2026-03-04T09:00:00.5+01:00", "tags": ["ü"]}),
        (BULK, {"tasks": [{"title": "One"}, {"title": "Two"}]}),
        (USERS, an_account("dora")),
    ],
)
async def test_a_repeated_request_gets_the_stored_response_and_changes_nothing(
    ada: AsyncClient, path: str, body: Json
) -> None:
    first = await post(ada, path, **body)
    plain = {"POST": (await ada.post(path, json=body)).status_code}
    again = await post(ada, path, **body)

    assert first.status_code == 201
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"
    assert summary(again) == summary(first)
    assert plain == {"POST": 409 if path == USERS else 201}
    assert await total(ada) == {TASKS: 2, BULK: 4, USERS: 0}[path]


async def test_the_stored_response_does_not_follow_later_changes(ann: AsyncClient) -> None:
    first = await post(ann)
    await ann.patch(path_of(first.json()), json={"title": "Changed"})
    assert summary(await post(ann)) == summary(first)
    await ann.delete(path_of(first.json()))
    assert summary(await post(ann)) == summary(first)
    assert await total(ann) == 0


async def test_a_key_with_another_body_is_refused(ann: AsyncClient) -> None:
    await post(ann, title="One")
    for body in ({"title": "Two"}, {"title": "One", "description": None}):
        response = await post(ann, **body)
        assert (response.status_code, response.json()["error_code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    spaced = await ann.post(
        TASKS, content=b'{"title": "One" }', headers={"Idempotency-Key": KEY, "Content-Type": "application/json"}
    )
    assert spaced.json()["error_code"] == "IDEMPOTENCY_KEY_REUSED"
    assert await total(ann) == 1


async def test_keys_are_separate_for_each_user_and_path(ann: AsyncClient, ben: AsyncClient) -> None:
    await post(ann)
    assert REPLAYED not in (await post(ben)).headers
    assert (await post(ann, BULK, tasks=[{"title": "x"}])).status_code == 201
    assert [await total(client) for client in (ann, ben)] == [2, 1]


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * 256, "a\tb"])
async def test_a_key_must_be_visible_ascii(ann: AsyncClient, key: str) -> None:
    response = await ann.post(TASKS, json={"title": "x"}, headers=[(b"Idempotency-Key", key.encode())])
    assert (response.status_code, response.json()["error_code"]) == (400, "INVALID_IDEMPOTENCY_KEY")
    assert await total(ann) == 0


async def test_two_keys_are_refused(ann: AsyncClient) -> None:
    response = await ann.post(TASKS, json={"title": "x"}, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "a")])
    assert response.json()["error_code"] == "INVALID_IDEMPOTENCY_KEY"
    assert (await post(ann, key="!" + "~" * 254)).status_code == 201


async def test_a_refusal_is_not_stored(ann: AsyncClient, ada: AsyncClient) -> None:
    assert (await post(ann, title="")).status_code == 422
    assert (await post(ann, title="Now right")).status_code == 201
    for username, status in (("ann", 409), ("dora", 201)):
        assert (await post(ada, USERS, **an_account(username))).status_code == status


async def test_one_of_twenty_concurrent_requests_takes_effect(ann: AsyncClient) -> None:
    responses = await asyncio.gather(*(post(ann) for _ in range(20)))
    given = {summary(response) for response in responses if response.status_code == 201}
    in_use = {response.json()["error_code"] for response in responses if response.status_code != 201}

    assert len(given) == 1
    assert in_use <= {"IDEMPOTENCY_KEY_IN_USE"}
    assert {response.status_code for response in responses} <= {201, 409}
    assert sum(response.status_code == 201 and REPLAYED not in response.headers for response in responses) == 1
    assert await total(ann) == 1
    assert summary(await post(ann)) in given


async def test_a_key_expires_after_a_day(ann: AsyncClient, clock: SettableClock, connect: Connect) -> None:
    first = await post(ann)
    clock.advance(timedelta(hours=24) - timedelta(seconds=1))
    again = connect()
    again.headers |= bearer(await tokens_of(again, "ann"))
    assert summary(await post(again)) == summary(first)
    clock.advance(timedelta(seconds=1))
    assert (await post(again)).json()["id"] != first.json()["id"]


async def test_an_unauthorised_caller_does_not_get_the_stored_response(ann: AsyncClient, connect: Connect) -> None:
    await post(ann)
    assert (await post(connect())).status_code == 401
    response = await post(ann, USERS, **an_account("dora"))
    assert response.status_code == 403


async def test_a_demoted_admin_does_not_get_the_stored_response(
    ada: AsyncClient, ann: AsyncClient, connect: Connect
) -> None:
    me = f"{USERS}/{(await account_of(ann))['id']}"
    await ada.patch(me, json={"role": "admin"})
    assert (await post(ann, USERS, **an_account("dora"))).status_code == 201
    await ada.patch(me, json={"role": "user"})
    response = await post(ann, USERS, **an_account("dora"))
    assert (response.status_code, response.json()["error_code"]) == (403, "FORBIDDEN")


async def test_the_stored_response_with_an_erased_user_is_not_replayed(ada: AsyncClient) -> None:
    first = await post(ada, USERS, **an_account("dora"))
    await ada.delete(first.headers["Location"])
    response = await post(ada, USERS, **an_account("dora"))
    assert (response.status_code, response.json()["error_code"]) == (404, "USER_NOT_FOUND")
    assert (await ada.get(USERS, params={"search": "dora"})).json()["items"] == []


async def test_operations_without_idempotency_ignore_the_key(ann: AsyncClient) -> None:
    task = await create(ann)
    response = await ann.patch(path_of(task), json={"title": "x"}, headers=[(b"Idempotency-Key", "ü".encode())])
    assert response.status_code == 200
