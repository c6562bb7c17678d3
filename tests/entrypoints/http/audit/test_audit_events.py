from datetime import timedelta
from typing import Any, Final

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.given import LOGIN, TASKS, UNKNOWN, USERS, Json, SettableClock, account_of, in_memory

pytestmark = in_memory

AUDIT: Final = "/api/v1/audit"


async def audited(client: AsyncClient, **query: Any) -> Json:
    response = await client.get(AUDIT, params=query)
    assert response.status_code == 200, response.text
    page: Json = response.json()
    return page


async def names(client: AsyncClient, **query: Any) -> list[str]:
    return [event["event"] for event in (await audited(client, **query))["items"]]


async def test_an_admin_reads_who_changed_what_from_where(ada: AsyncClient, ann: AsyncClient) -> None:
    boss, account = await account_of(ada), await account_of(ann)
    headers = {"X-Request-ID": "mine"}
    await ada.patch(f"{USERS}/{account['id']}", json={"role": "manager", "full_name": "Ann"}, headers=headers)
    role, change = (await audited(ada, user_id=account["id"], limit=2))["items"]

    assert change["id"] < role["id"]
    assert change["correlation_id"] == role.pop("correlation_id") != "mine"
    assert {name: value for name, value in role.items() if name not in ("id", "at")} == {
        "event": "role_changed",
        "level": "info",
        "actor_id": boss["id"],
        "user_id": account["id"],
        "source": "request",
        "request_id": "mine",
        "ip_address": "127.0.0.1",
        "details": {"old": {"role": "user"}, "new": {"role": "manager"}},
    }
    assert change["details"] == {
        "fields": ["full_name", "role"],
        "old": {"role": "user"},
        "new": {"role": "manager"},
    }


async def test_events_are_filtered_and_paged(
    ada: AsyncClient, ann: AsyncClient, connect: Connect, clock: SettableClock
) -> None:
    boss, account = await account_of(ada), await account_of(ann)
    for _ in range(3):
        await connect().post(LOGIN, json={"username": "ann", "password": "wrong"})
    clock.advance(timedelta(seconds=1))
    await ada.patch(f"{USERS}/{account['id']}", json={"timezone": "Asia/Seoul"})

    of_ann = ["user_changed", "login_failed", "login_failed", "login_failed", "login", "user_registered"]
    assert await names(ada, user_id=account["id"]) == of_ann
    assert (await names(ada, user_id=boss["id"]))[0] == "user_changed"
    assert await names(ada, user_id=account["id"], event="login_failed") == ["login_failed"] * 3
    assert await names(ada, user_id=UNKNOWN) == await names(ada, event="unknown") == []
    newest, *older = (await audited(ada, user_id=account["id"]))["items"]
    assert await names(ada, user_id=account["id"], since=newest["at"]) == of_ann[:1]
    assert await names(ada, user_id=account["id"], until=newest["at"]) == of_ann[1:]
    assert await names(ada, since="2999-01-01") == []

    first = await audited(ada, user_id=account["id"], limit=2)
    rest = await audited(ada, user_id=account["id"], limit=9, cursor=first["next_cursor"])
    assert (first["total"], rest["total"], rest["next_cursor"]) == (6, None, None)
    assert first["items"] + rest["items"] == [newest, *older]
    assert (await audited(ada, user_id=account["id"], skip=2))["items"] == rest["items"]
    assert (await ada.get(AUDIT, params={"cursor": first["next_cursor"]})).status_code == 422


@pytest.mark.parametrize(
    "query", [{"event": "Login"}, {"event": ""}, {"since": "yesterday"}, {"user_id": "ann"}, {"limit": 101}, {"x": 1}]
)
async def test_wrong_filters_are_refused(ada: AsyncClient, query: Json) -> None:
    assert (await ada.get(AUDIT, params=query)).status_code == 422


async def test_a_request_that_a_role_or_an_origin_forbids_is_an_event(
    ada: AsyncClient, ann: AsyncClient, connect: Connect
) -> None:
    assert (await ann.get(AUDIT)).status_code == 403
    cookie = {"Cookie": "access_token=" + ann.headers["Authorization"].removeprefix("Bearer ")}
    assert (await connect().post(TASKS, json={"title": "x"}, headers=cookie | {"Origin": "http://evil.test"})).is_error
    events = (await audited(ada, event="request_forbidden"))["items"]

    account = await account_of(ann)
    assert [event["details"] for event in events] == [
        {"route": "POST /api/v1/tasks", "error": "CSRF_FAILED"},
        {"route": "GET /api/v1/audit", "error": "FORBIDDEN"},
    ]
    for event in events:
        assert (event["actor_id"], event["user_id"], event["level"]) == (account["id"], account["id"], "warning")
