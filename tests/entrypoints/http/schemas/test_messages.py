"""Messages of validation errors are for people: they name the field, and say what is wanted."""

from typing import Any, Final

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import BULK, REGISTER, TASKS, an_account, in_memory

pytestmark = in_memory

BODIES: Final[list[tuple[str, Any, str]]] = [
    (TASKS, {}, "title is required"),
    (TASKS, {"title": 1}, "title must be text"),
    (TASKS, {"title": " "}, "title must have 1 to 255 characters"),
    (TASKS, {"title": "x", "titles": "y"}, "titles: unknown field; did you mean title?"),
    (TASKS, {"title": "x", "ownership": "y"}, "ownership: unknown field"),
    (TASKS, {"title": "x", "status": "done"}, "status must be pending, in_progress, completed or cancelled"),
    (TASKS, {"title": "x", "due_date": "soon"}, "due_date: the value must be a date YYYY-MM-DD or an RFC 3339 "),
    (TASKS, {"title": "x", "tags": "home"}, "tags must be a list"),
    (TASKS, {"title": "x", "completed": "yes"}, "completed must be true or false"),
    (
        TASKS,
        {"status": 1, "priority": 2},
        "status must be pending, in_progress, completed or cancelled (and 2 more errors)",
    ),
    (TASKS, [], "the body must be an object"),
    (BULK, {"tasks": []}, "tasks must have 1 or more elements"),
    (
        BULK,
        {"tasks": [{"title": "x"}, {"title": "x", "Due-Date": 1}]},
        "tasks.1.Due-Date: unknown field; did you mean due_date?",
    ),
    (
        REGISTER,
        an_account(password="abcdefgh"),
        "password must also contain an upper case letter, a digit and a special ",
    ),
    (REGISTER, an_account(password="Abcdefgh!"), "password must also contain a digit"),
]
QUERIES: Final = [
    ("limit=101", "limit must be at most 100"),
    ("limit=0", "limit must be at least 1"),
    ("sort=title", "sort: unknown parameter; did you mean sort_by?"),
    ("sort_by=name", "sort_by must be "),
    ("search=%00", "search contains a character that is not allowed"),
    ("completed=yes", "completed: the value must be true or false"),
    ("cursor=A&skip=1", "use either cursor or skip, not both"),
]


@pytest.mark.parametrize(("path", "body", "detail"), BODIES)
async def test_the_detail_is_the_first_reason(ann: AsyncClient, path: str, body: Any, detail: str) -> None:
    response = await ann.post(path, json=body)

    assert response.status_code == 422
    assert response.json()["detail"].startswith(detail)


@pytest.mark.parametrize(("query", "detail"), QUERIES)
async def test_messages_of_a_query_say_what_is_wanted(ann: AsyncClient, query: str, detail: str) -> None:
    response = await ann.get(f"{TASKS}?{query}")

    assert response.status_code == 422
    assert response.json()["detail"].startswith(detail)
