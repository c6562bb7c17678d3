"""The examples of the specification, in their order."""

from datetime import UTC, datetime
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import (
    BULK,
    LOGIN,
    LOGIN_FORM,
    ME,
    REGISTER,
    STATISTICS,
    TAGS,
    TASKS,
    Json,
    SettableClock,
    titles,
)


@pytest.fixture
def options() -> dict[str, Any]:
    return {"access_token_expire_minutes": 1440}


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(datetime(2025, 11, 28, 9, 30, tzinfo=UTC))


async def test_a_student_plans_a_course(client: AsyncClient, clock: SettableClock) -> None:
    account = {
        "username": "student",
        "email": "student@example.com",
        "password": "SecurePass123!",
        "confirm_password": "SecurePass123!",
        "full_name": "Sam Student",
    }
    user = (await client.post(REGISTER, json=account)).json()
    assert (user["username"], user["role"], "password" in user) == ("student", "user", False)
    login = await client.post(LOGIN, json={"username": "student@example.com", "password": account["password"]})
    form = await client.post(LOGIN_FORM, data={"username": "student", "password": account["password"]})
    assert (login.status_code, form.status_code) == (200, 200)
    client.headers["Authorization"] = f"Bearer {form.json()['access_token']}"
    assert (await client.get(ME)).json() == user

    learn: Json = {
        "title": "Learn SQLAlchemy",
        "description": "Complete the tutorial",
        "priority": "high",
        "due_date": "2025-12-01",
        "tags": ["learning", "python"],
    }
    created = await client.post(TASKS, json=learn)
    task = created.json()
    assert created.status_code == 201
    assert task == task | learn | {"completed": False, "status": "pending", "owner_id": user["id"]}
    await client.post(TASKS, json={"title": "Buy milk", "due_date": "2025-11-29"})
    await client.post(TASKS, json={"title": "Write a report", "priority": "high", "due_date": "2025-11-30"})
    await client.post(TASKS, json={"title": "Relax", "priority": "high", "completed": True})

    found = await client.get(f"{TASKS}?priority=high&completed=false&sort_by=due_date&sort_order=asc")
    assert [task["title"] for task in found.json()["items"]] == ["Write a report", "Learn SQLAlchemy"]
    found = await client.get(f"{TASKS}?priority=high&completed=false&sort_by=due_date")
    assert [task["title"] for task in found.json()["items"]] == ["Learn SQLAlchemy", "Write a report"]
    assert await titles(client, search="sqlalchemy") == ["Learn SQLAlchemy"]
    assert await titles(client, overdue="true") == []
    assert await titles(client, skip=1, limit=2) == ["Write a report", "Buy milk"]
    assert await titles(client, tags="learning,python") == ["Learn SQLAlchemy"]

    path = f"{TASKS}/{task['id']}"
    tagged = await client.post(f"{path}/tags", json=["Database", "orm"])
    assert tagged.json()["tags"] == ["database", "learning", "orm", "python"]
    assert (await client.delete(f"{path}/tags/orm")).json()["tags"] == ["database", "learning", "python"]
    assert (await client.put(path, json={"completed": True})).json()["completed_at"] == "2025-11-28T09:30:00Z"
    assert (await client.patch(path, json={"completed": False})).json()["status"] == "pending"
    assert {"name": "python", "task_count": 1} in (await client.get(TAGS)).json()["items"]

    clock.at = datetime(2025, 12, 2, 0, 0, tzinfo=UTC)
    login = await client.post(LOGIN, json={"username": "student", "password": account["password"]})
    client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
    late = (await client.get(f"{TASKS}?overdue=true&sort_by=due_date&sort_order=asc")).json()["items"]
    assert [task["title"] for task in late] == ["Buy milk", "Write a report", "Learn SQLAlchemy"]
    assert (await client.get(STATISTICS)).json()["overdue"] == 3

    updates = {"completed": True, "priority": "low"}
    ids = [task["id"] for task in late[:2]]
    done = await client.patch(BULK, json={"task_ids": ids, "updates": updates})
    assert [(task["completed"], task["priority"]) for task in done.json()["items"]] == [(True, "low")] * 2

    numbers = (await client.get(STATISTICS)).json()
    assert numbers == numbers | {"total": 4, "completed": 3, "incomplete": 1, "overdue": 1, "completion_rate": 0.75}
    assert numbers["by_priority"] == {"low": 2, "medium": 0, "high": 2, "critical": 0}
    assert numbers["by_tag"] == {"database": 1, "learning": 1, "python": 1}

    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert sorted(await titles(client)) == ["Buy milk", "Relax", "Write a report"]
