"""Task filters. The time zone of Ann is Pacific/Kiritimati, where it is 2 a.m. on 5 March."""

from typing import Any, Final

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.given import ME, TASKS, Json, SettableClock, create_all, sign_up, titles

GIVEN: Final[list[Json]] = [
    {"title": "Rent", "priority": "high", "due_date": "2026-03-04", "tags": ["home", "money"]},
    {"title": "Taxes", "priority": "critical", "due_date": "2026-03-05", "tags": ["money", "work"]},
    {"title": "Stra\xdfe 100%", "status": "in_progress", "due_date": "2026-03-04T11:59:59Z", "tags": ["work"]},
    {"title": "snake_case", "priority": "low", "due_date": "2026-03-04T12:00:00Z", "description": "Back\\slash"},
    {"title": 'Cat\'s "food"', "status": "completed", "due_date": "2026-03-01", "tags": ["home", "\U0001f408"]},
    {
        "title": "Trip",
        "status": "cancelled",
        "priority": "high",
        "due_date": "2026-03-01",
        "description": "\xc9t\xe9 in Rome",
    },
    {"title": "Someday", "status": "in_progress"},
]
ALL: Final = [task["title"] for task in GIVEN]
RENT, TAXES, STREET, SNAKE, CAT, TRIP, SOMEDAY = ALL

FILTERS: Final[list[tuple[Json, list[str]]]] = [
    ({}, ALL),
    ({"status": "pending"}, [RENT, TAXES, SNAKE]),
    ({"status": ["pending", "completed"]}, [RENT, TAXES, SNAKE, CAT]),
    ({"status": ["cancelled", "cancelled"]}, [TRIP]),
    ({"priority": "high"}, [RENT, TRIP]),
    ({"priority": ["low", "critical"]}, [TAXES, SNAKE]),
    ({"completed": "true"}, [CAT]),
    ({"completed": "false"}, [RENT, TAXES, STREET, SNAKE, TRIP, SOMEDAY]),
    ({"completed": "true", "status": "pending"}, []),
    ({"completed": "false", "status": ["completed", "cancelled"]}, [TRIP]),
    ({"priority": "high", "completed": "false", "status": "pending"}, [RENT]),
    ({"tag": "home"}, [RENT, CAT]),
    ({"tag": " HOME "}, [RENT, CAT]),
    ({"tag": "\uff28ome"}, [RENT, CAT]),
    ({"tag": ["home", "money"]}, [RENT]),
    ({"tags": "home,money"}, [RENT]),
    ({"tags": " Money , HOME,home"}, [RENT]),
    ({"tag": "money", "tags": "work"}, [TAXES]),
    ({"tag": "\U0001f408"}, [CAT]),
    ({"tag": "hom"}, []),
    ({"tag": "%"}, []),
    ({"overdue": "true"}, [RENT, STREET]),
    ({"overdue": "false"}, [TAXES, SNAKE, CAT, TRIP, SOMEDAY]),
    ({"overdue": "true", "priority": "high"}, [RENT]),
    ({"overdue": "false", "status": "pending"}, [TAXES, SNAKE]),
    ({"search": ""}, ALL),
    ({"search": " \t"}, ALL),
    ({"search": "rent"}, [RENT]),
    ({"search": "STRASSE"}, [STREET]),
    ({"search": "stra\xdfe"}, [STREET]),
    ({"search": "%"}, [STREET]),
    ({"search": "100%"}, [STREET]),
    ({"search": "_"}, [SNAKE]),
    ({"search": "e_c"}, [SNAKE]),
    ({"search": "\\"}, [SNAKE]),
    ({"search": "'"}, [CAT]),
    ({"search": '"FOOD"'}, [CAT]),
    ({"search": "' or 1=1 --"}, []),
    ({"search": "e\u0301T\xc9"}, [TRIP]),
    ({"search": "rome trip"}, [TRIP]),
    ({"search": "rome taxes"}, []),
    ({"search": "mon tax"}, [TAXES]),
    ({"search": "\U0001f408"}, [CAT]),
    ({"search": "*"}, []),
    ({"due_after": "2026-03-04"}, [RENT, TAXES, STREET, SNAKE]),
    ({"due_after": "2026-03-05"}, [TAXES, STREET, SNAKE]),
    ({"due_after": "2026-03-06"}, []),
    ({"due_before": "2026-03-05"}, [RENT, CAT, TRIP]),
    ({"due_before": "2026-03-06"}, [RENT, TAXES, STREET, SNAKE, CAT, TRIP]),
    ({"due_after": "2026-03-04T12:00:00Z"}, [TAXES, SNAKE]),
    ({"due_before": "2026-03-04T12:00:00Z"}, [RENT, STREET, CAT, TRIP]),
    ({"due_after": "2026-03-04T13:00:00+01:00"}, [TAXES, SNAKE]),
    ({"due_after": "2026-03-02", "due_before": "2026-03-05"}, [RENT]),
    ({"due_after": "2026-03-05", "due_before": "2026-03-04"}, []),
    ({"due_after": "0001-01-01"}, [RENT, TAXES, STREET, SNAKE, CAT, TRIP]),
    ({"due_before": "9999-12-31"}, [RENT, TAXES, STREET, SNAKE, CAT, TRIP]),
    ({"created_after": "2026-03-05"}, ALL),
    ({"created_after": "2026-03-06"}, []),
    ({"created_before": "2026-03-05"}, []),
    ({"created_before": "2026-03-06"}, ALL),
    ({"created_after": "2026-03-04T12:00:00Z"}, ALL),
    ({"created_after": "2026-03-04T12:00:00.000001Z"}, []),
    ({"created_before": "2026-03-04T12:00:00Z"}, []),
    ({"created_before": "2026-03-04T12:00:00.000001Z"}, ALL),
]


@pytest.fixture
async def ann(connect: Connect) -> AsyncClient:
    return await sign_up(connect(), "ann", timezone="Pacific/Kiritimati")


async def test_a_list_contains_the_tasks_that_match_all_filters(ann: AsyncClient, subtests: pytest.Subtests) -> None:
    await create_all(ann, *GIVEN)
    for query, expected in FILTERS:
        with subtests.test(str(query)):
            response = await ann.get(TASKS, params={**query, "sort_order": "asc"})
            page = response.json()
            assert [task["title"] for task in page["items"]] == expected
            assert (page["total"], page["total_capped"]) == (len(expected), False)


async def test_a_due_day_ends_at_midnight_in_the_time_zone_of_the_owner(
    connect: Connect, ann: AsyncClient, ben: AsyncClient, clock: SettableClock
) -> None:
    for client in (ann, ben):
        await create_all(client, {"title": "4", "due_date": "2026-03-04"}, {"title": "5", "due_date": "2026-03-05"})

    assert (await titles(ann, overdue="true"), await titles(ben, overdue="true")) == (["4"], [])
    assert (await titles(ann, overdue="false"), await titles(ben, overdue="false")) == (["5"], ["5", "4"])
    assert await titles(ann, created_after="2026-03-05") == ["5", "4"]
    assert await titles(ben, created_after="2026-03-05") == []
    assert (await ann.get(ME)).json()["timezone"] == "Pacific/Kiritimati"


async def test_a_time_zone_change_applies_to_later_filters(ann: AsyncClient) -> None:
    (task,) = await create_all(ann, {"title": "Rent", "tags": ["home"], "due_date": "2026-03-01"})
    before: dict[str, Any] = {"search": "rent", "tag": "home", "overdue": "true", "status": "pending"}
    assert await titles(ann, **before) == ["Rent"]
    after = {"title": "Mend", "tags": ["shed"], "due_date": "2026-04-01", "status": "in_progress"}
    assert (await ann.patch(f"{TASKS}/{task['id']}", json=after)).is_success

    for name, value in before.items():
        assert await titles(ann, **{name: value}) == []
    assert await titles(ann, search="mend", tag="shed", overdue="false", status="in_progress") == ["Mend"]
