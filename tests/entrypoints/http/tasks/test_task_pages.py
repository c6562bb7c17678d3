import base64
from itertools import product
from typing import Any, Final
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from application.storage import Storage
from domain.identity.user import UserId
from entrypoints.wiring.container import Container
from tests.contracts.given import add_in
from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.given import ME, TASKS, Json, breaches, create, create_all, in_memory, sign_up
from tests.support.builders import NOW, a_task

SORTS: Final = ("created_at", "updated_at", "due_date", "priority", "title", "status")
GIVEN: Final[list[Json]] = [
    {
        "title": title,
        "priority": ("low", "high", "critical")[n % 3],
        "status": ("pending", "completed")[n % 2],
        "due_date": (None, "2026-03-05", "2026-03-05T23:59:59.999999Z", "2026-03-06T00:00:00Z")[n % 4],
        "tags": [f"tag {n % 2}"],
    }
    for n, title in enumerate(["b", "B", "a", "A", "\xdf", "SS", "c d", "\U0001f600", "\\u", '"', "\u2028z"])
]
OTHER_LISTS: Final[list[Json]] = [
    {"sort_by": "title"},
    {"sort_order": "asc"},
    {"tag": "x"},
    {"tags": "home,x"},
    {"search": "x"},
    {"completed": "true"},
    {"overdue": "true"},
    {"status": "pending"},
    {"priority": "low"},
    {"due_after": "2026-03-04"},
    {"created_before": "2026-03-05T00:00:00Z"},
]


async def page(client: AsyncClient, **query: Any) -> Json:
    response = await client.get(TASKS, params=query)
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


async def walk(client: AsyncClient, **query: Any) -> list[Json]:
    """Read all pages by cursor."""
    found = await page(client, **query)
    items: list[Json] = found["items"]
    while found["next_cursor"] is not None:
        found = await page(client, **{**query, "cursor": found["next_cursor"]})
        assert (found["total"], found["total_capped"], found["skip"]) == (None, False, None)
        items += found["items"]
    return items


async def test_an_empty_list_has_one_page(ann: AsyncClient) -> None:
    assert await page(ann) == {
        "items": [],
        "total": 0,
        "total_capped": False,
        "skip": 0,
        "limit": 20,
        "next_cursor": None,
    }


async def test_skip_and_limit_select_a_page(ann: AsyncClient) -> None:
    made = (await create_all(ann, *[{"title": f"{n}"} for n in range(25)]))[::-1]
    for skip, limit in ((0, 1), (0, 25), (0, 100), (5, 20), (6, 20), (24, 1), (25, 1), (100_000, 100)):
        found = await page(ann, skip=skip, limit=limit)
        assert found["items"] == made[skip : skip + limit]
        assert (found["total"], found["skip"], found["limit"]) == (25, skip, limit)
        assert (found["next_cursor"] is None) == (skip + limit >= 25)
    assert (await page(ann))["items"] == made[:20]


async def test_pages_by_cursor_contain_all_tasks(ann: AsyncClient, subtests: pytest.Subtests) -> None:
    await create_all(ann, *GIVEN)
    for sort, order, filter in product(SORTS, ("asc", "desc"), ({}, {"search": "s"}, {"completed": "false"})):
        with subtests.test(f"{sort} {order} {filter}"):
            query = {**filter, "sort_by": sort, "sort_order": order}
            whole = (await page(ann, **query))["items"]
            assert len(whole) >= 2
            assert await walk(ann, **query, limit=len(whole) // 2) == whole


async def test_pages_contain_each_unchanged_task_once_during_concurrent_writes(
    connect: Connect, subtests: pytest.Subtests
) -> None:
    for sort, order in product(SORTS, ("asc", "desc")):
        with subtests.test(f"{sort} {order}"):
            client = await sign_up(connect(), f"{sort}_{order}")
            made = await create_all(client, *GIVEN)
            query = {"sort_by": sort, "sort_order": order, "limit": 2}
            found = await page(client, **query)
            seen = [task["id"] for task in found["items"]]
            for _ in range(3):
                await client.delete(f"{TASKS}/{seen[-1]}")  # the cursor points to this task
                await create_all(client, GIVEN[0], GIVEN[-1])
                found = await page(client, **query, cursor=found["next_cursor"])
                seen += [task["id"] for task in found["items"]]
            seen += [task["id"] for task in await walk(client, **query, cursor=found["next_cursor"])]

            assert len(seen) == len(set(seen))
            assert {task["id"] for task in made} <= set(seen)


async def test_a_cursor_can_be_reused_with_another_limit(ann: AsyncClient) -> None:
    made = (await create_all(ann, *GIVEN))[::-1]
    cursor = (await page(ann, limit=4))["next_cursor"]
    for limit in (3, 3, 100):
        assert (await page(ann, limit=limit, cursor=cursor))["items"] == made[4 : 4 + limit]


async def test_a_cursor_gives_no_access_to_data_of_its_creator(ann: AsyncClient, ben: AsyncClient) -> None:
    await create_all(ann, *GIVEN)
    bens = await create(ben)
    cursor = (await page(ann, limit=1, sort_by="title", sort_order="asc"))["next_cursor"]
    items = (await page(ben, cursor=cursor, sort_by="title", sort_order="asc"))["items"]
    assert items in ([], [bens])


@in_memory
@pytest.mark.parametrize("other", OTHER_LISTS, ids=str)
async def test_a_cursor_is_refused_with_other_filters_or_another_order(ann: AsyncClient, other: Json) -> None:
    await create_all(ann, *[{"title": f"{n}", "tags": ["home"]} for n in range(3)])
    mine: Json = {"tag": "home", "limit": 1}
    cursor = (await page(ann, **mine))["next_cursor"]

    assert breaches(await ann.get(TASKS, params={**mine, **other, "cursor": cursor})) == {("query", "cursor")}
    assert breaches(await ann.get(TASKS, params={"cursor": cursor})) == {("query", "cursor")}
    assert len((await page(ann, **mine, cursor=cursor))["items"]) == 1


@in_memory
async def test_a_damaged_cursor_is_refused(ann: AsyncClient, subtests: pytest.Subtests) -> None:
    await create_all(ann, *GIVEN)
    cursor: str = (await page(ann, limit=1))["next_cursor"]
    swapped = [cursor[:n] + ("A" if cursor[n] != "A" else "B") + cursor[n + 1 :] for n in range(0, len(cursor) - 1, 5)]
    raw = base64.urlsafe_b64encode(b"\x00" * 12 + b'[1e400, "' + b"0" * 32 + b'"]').decode()
    odd = ["", " ", "x", "=", "null", "\x00", "\xe9", "a" * 10_000, cursor * 2, cursor[1:], cursor[:-4], raw]
    for damaged in [*swapped, *odd, f"{cursor}!", f" {cursor}", cursor.upper()]:
        with subtests.test(ascii(damaged[:40])):
            assert breaches(await ann.get(TASKS, params={"cursor": damaged})) == {("query", "cursor")}


@in_memory
@pytest.mark.parametrize("skip", ["0", "1"])
async def test_a_cursor_together_with_skip_is_refused(ann: AsyncClient, skip: str) -> None:
    await create_all(ann, *GIVEN)
    cursor = (await page(ann, limit=1))["next_cursor"]
    assert (await ann.get(TASKS, params={"cursor": cursor, "skip": skip})).status_code == 422


@in_memory
async def test_expensive_totals_are_counted_up_to_10_000(ann: AsyncClient, container: Container) -> None:
    owner = UserId(UUID((await ann.get(ME)).json()["id"]))
    await create(ann, "Another thing", tags=["other"])
    storage: Storage = container.storage()
    async with storage.unit_of_work() as uow:
        await add_in(uow, *(a_task(owner_id=owner, at=NOW) for _ in range(10_000)))
        await uow.commit()

    def total_of(found: Json) -> tuple[int, bool]:
        return found["total"], found["total_capped"]

    assert total_of(await page(ann)) == (10_001, False)
    assert total_of(await page(ann, status="pending", completed="false", priority="medium")) == (10_001, False)
    assert total_of(await page(ann, search="plants")) == (10_000, False)
    assert total_of(await page(ann, search="t")) == (10_000, True)
    assert total_of(await page(ann, created_after="2026-01-01")) == (10_000, True)
    assert total_of(await page(ann, overdue="false", skip=9_990)) == (10_000, True)
    assert total_of(await page(ann, tag="other")) == (1, False)
    assert (await page(ann, skip=10_000))["items"][0]["title"] == "Another thing"
