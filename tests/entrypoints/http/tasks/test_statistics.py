from datetime import UTC, datetime, timedelta
from typing import Final

from httpx2 import AsyncClient

from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.given import STATISTICS, Json, SettableClock, create, create_all, log_in, path_of, sign_up

NOTHING: Final[Json] = {
    "total": 0,
    "completed": 0,
    "incomplete": 0,
    "overdue": 0,
    "due_today": 0,
    "due_this_week": 0,
    "completion_rate": 0,
    "by_status": {"pending": 0, "in_progress": 0, "completed": 0, "cancelled": 0},
    "by_priority": {"low": 0, "medium": 0, "high": 0, "critical": 0},
    "by_tag": {},
    "by_tag_capped": False,
    "created_last_7_days": 0,
    "completed_last_7_days": 0,
    "average_completion_seconds": None,
}


async def statistics(client: AsyncClient) -> Json:
    response = await client.get(STATISTICS)
    assert response.status_code == 200, response.text
    numbers: Json = response.json()
    return numbers


async def test_statistics_without_tasks_contain_every_number(ann: AsyncClient) -> None:
    assert await statistics(ann) == NOTHING


async def test_statistics_count_every_task(ann: AsyncClient, ben: AsyncClient) -> None:
    await create(ben, tags=["home"])
    await create_all(
        ann,
        {"title": "1", "priority": "low", "due_date": "2026-03-03", "tags": ["home", "work"]},
        {"title": "2", "priority": "high", "due_date": "2026-03-04", "tags": ["home"], "status": "in_progress"},
        {"title": "3", "priority": "high", "due_date": "2026-03-04T11:59:59Z"},
        {"title": "4", "due_date": "2026-03-08"},
        {"title": "5", "due_date": "2026-03-09"},
        {"title": "6", "due_date": "2026-03-01", "status": "completed", "tags": ["home"]},
        {"title": "7", "due_date": "2026-03-04", "status": "cancelled", "priority": "critical"},
        {"title": "8", "due_date": "2026-03-02"},
    )
    assert await statistics(ann) == {
        "total": 8,
        "completed": 1,
        "incomplete": 6,
        "overdue": 3,
        "due_today": 2,
        "due_this_week": 5,
        "completion_rate": 1 / 7,
        "by_status": {"pending": 5, "in_progress": 1, "completed": 1, "cancelled": 1},
        "by_priority": {"low": 1, "medium": 4, "high": 2, "critical": 1},
        "by_tag": {"home": 3, "work": 1},
        "by_tag_capped": False,
        "created_last_7_days": 8,
        "completed_last_7_days": 1,
        "average_completion_seconds": 0,
    }


async def test_statistics_follow_every_change(ann: AsyncClient) -> None:
    task = await create(ann, tags=["home"], priority="high", due_date="2026-03-04")
    await ann.patch(path_of(task), json={"tags": ["work"], "priority": "low", "due_date": "2026-03-03"})
    numbers = await statistics(ann)
    assert (numbers["by_tag"], numbers["due_today"], numbers["overdue"]) == ({"work": 1}, 0, 1)
    assert numbers["by_priority"] == {"low": 1, "medium": 0, "high": 0, "critical": 0}

    await ann.patch(path_of(task), json={"status": "cancelled"})
    numbers = await statistics(ann)
    assert (numbers["incomplete"], numbers["overdue"], numbers["completion_rate"]) == (0, 0, 0)

    await ann.delete(path_of(task))
    assert await statistics(ann) == NOTHING


async def test_the_last_7_days_are_168_hours(ann: AsyncClient, clock: SettableClock) -> None:
    slow, quick, _ = await create_all(ann, {"title": "Slow"}, {"title": "Quick"}, {"title": "Never"})
    clock.advance(timedelta(seconds=1))
    await ann.patch(path_of(quick), json={"completed": True})
    clock.advance(timedelta(seconds=1, milliseconds=500))
    await ann.patch(path_of(slow), json={"completed": True})
    numbers = await statistics(ann)
    assert (numbers["completion_rate"], numbers["average_completion_seconds"]) == (2 / 3, 1.75)

    for wait, created, completed in (
        (timedelta(hours=168, seconds=-2, milliseconds=-500), 3, 2),
        (timedelta(microseconds=1), 0, 2),
        (timedelta(seconds=1), 0, 1),
        (timedelta(seconds=2), 0, 0),
    ):
        clock.advance(wait)
        await log_in(ann, "ann")
        numbers = await statistics(ann)
        assert (numbers["created_last_7_days"], numbers["completed_last_7_days"]) == (created, completed)
        assert (numbers["completed"], numbers["average_completion_seconds"]) == (2, 1.75)

    await ann.patch(path_of(quick), json={"completed": False})
    assert (await statistics(ann))["average_completion_seconds"] == 2.5


async def test_today_and_this_week_use_the_time_zone_of_the_owner(connect: Connect, clock: SettableClock) -> None:
    """In one time zone Sunday the 8th has ended, in the other it has just started."""
    clock.at = datetime(2026, 3, 8, 11, tzinfo=UTC)
    east = await sign_up(connect(), "east", timezone="Pacific/Kiritimati")
    west = await sign_up(connect(), "west", timezone="Pacific/Pago_Pago")
    for client in (east, west):
        await create_all(
            client, *[{"title": day, "due_date": f"2026-03-{day}"} for day in ("02", "07", "08", "09", "15")]
        )
        await create_all(client, {"title": "instant", "due_date": "2026-03-08T10:30:00Z"})

    numbers = [await statistics(client) for client in (east, west)]
    assert [(n["overdue"], n["due_today"], n["due_this_week"]) for n in numbers] == [(4, 2, 3), (3, 1, 4)]
