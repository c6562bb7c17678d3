"""Text is never normalized before its length is checked, wherever a client can send it."""

import unicodedata
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import quote

import pytest
from httpx2 import AsyncClient

import domain.text
from domain.filters import MAX_SEARCH
from domain.identity.user import User
from domain.tasks.tag import Tag
from domain.tasks.task import Task
from domain.text import MAX_DECOMPOSITION
from tests.entrypoints.http.given import (
    BULK,
    CHANGE_PASSWORD,
    LOGIN,
    LOGIN_FORM,
    ME,
    PASSWORD,
    REGISTER,
    TAGS,
    TASKS,
    USERS,
    an_account,
    create,
    in_memory,
    path_of,
)

pytestmark = in_memory

LONG: Final = "a" + "\u0301\u0316" * 1_000
"""Short enough for all limits of bodies and queries."""
LONGEST: Final = max(Task.MAX_DESCRIPTION, MAX_SEARCH, User.MAX_FULL_NAME, MAX_DECOMPOSITION * Tag.MAX_LENGTH)


@pytest.fixture
def normalized(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of all texts that were normalized."""
    lengths: list[int] = []

    def normalize(form: Any, text: str) -> str:
        lengths.append(len(text))
        return unicodedata.normalize(form, text)

    recording = SimpleNamespace(normalize=normalize, combining=unicodedata.combining)
    monkeypatch.setattr(domain.text, "unicodedata", recording)
    return lengths


async def test_no_overlong_text_is_normalized(
    ann: AsyncClient, ada: AsyncClient, subtests: pytest.Subtests, normalized: list[int]
) -> None:
    task = await create(ann, tags=["home"])
    requests: list[tuple[AsyncClient, int, str, str, dict[str, Any]]] = [
        (ann, 422, "POST", TASKS, {"json": {"title": LONG}}),
        (ann, 422, "POST", TASKS, {"json": {"title": "x", "description": LONG}}),
        (ann, 422, "POST", TASKS, {"json": {"title": "x", "tags": [LONG]}}),
        (ann, 422, "PATCH", path_of(task), {"json": {"tags": [LONG]}}),
        (ann, 422, "POST", BULK, {"json": {"tasks": [{"title": "x", "tags": [LONG]}]}}),
        (ann, 422, "POST", f"{path_of(task)}/tags", {"json": [LONG]}),
        (ann, 404, "DELETE", f"{path_of(task)}/tags/{quote(LONG)}", {}),
        (ann, 404, "DELETE", f"{TAGS}/{quote(LONG)}", {}),
        (ann, 404, "PATCH", f"{TAGS}/{quote(LONG)}", {"json": {"name": "x"}}),
        (ann, 422, "PATCH", f"{TAGS}/home", {"json": {"name": LONG}}),
        (ann, 422, "GET", TASKS, {"params": {"tag": LONG}}),
        (ann, 422, "GET", TASKS, {"params": {"tags": f"home,{LONG}"}}),
        (ann, 422, "GET", TASKS, {"params": {"search": LONG}}),
        (ada, 422, "GET", USERS, {"params": {"search": LONG}}),
        (ann, 422, "PATCH", ME, {"json": {"full_name": LONG}}),
        (ann, 422, "POST", REGISTER, {"json": an_account("dora", full_name=LONG)}),
        (ann, 422, "POST", REGISTER, {"json": an_account(LONG)}),
        (ann, 422, "POST", REGISTER, {"json": an_account("dora", password=f"{PASSWORD}{LONG}")}),
        (ann, 401, "POST", LOGIN, {"json": {"username": "ann", "password": f"{PASSWORD}{LONG}"}}),
        (ann, 401, "POST", LOGIN_FORM, {"data": {"username": "ann", "password": f"{PASSWORD}{LONG}"}}),
        (ann, 401, "POST", LOGIN, {"json": {"username": LONG, "password": PASSWORD}}),
        (ann, 403, "POST", CHANGE_PASSWORD, {"json": {"current_password": LONG, "new_password": PASSWORD}}),
    ]
    for client, status, method, path, options in requests:
        with subtests.test(f"{method} {path[:40]} {[*options]}"):
            normalized.clear()
            assert (await client.request(method, path, **options)).status_code == status
            assert max(normalized, default=0) <= LONGEST < len(LONG)


async def test_tags_in_a_list_are_parsed_once_and_without_duplicates(
    ann: AsyncClient, monkeypatch: pytest.MonkeyPatch, normalized: list[int]
) -> None:
    task = await create(ann, tags=["\u00e4"])
    normalized.clear()
    response = await ann.get(TASKS, params={"tags": ",".join(["\u00c4"] * 100)})
    assert response.json()["items"] == [task]
    assert len(normalized) <= 3

    normalized.clear()
    for tags in (["\u00c4"] * 101, ["\u00c4"] * 1_000, [f"\u00c4{n}" for n in range(101)]):
        assert (await ann.get(TASKS, params={"tags": ",".join(tags)})).status_code == 422
    assert normalized == []


@pytest.mark.parametrize("query", ["&" * 150, "search=" + "x" * 32 * 1024, "&".join(["tag=a"] * 151)])
async def test_a_query_that_is_too_large_is_refused_as_a_whole(ann: AsyncClient, query: str) -> None:
    (error,) = (await ann.get(f"{TASKS}?{query}")).json()["errors"]
    assert (error["loc"], error["type"]) == (["query"], "too_long")


async def test_tags_are_limited_after_duplicates_are_removed(ann: AsyncClient) -> None:
    many = [f"{n:02}" for n in range(20)] * 5
    task = await create(ann, tags=many)
    assert len(task["tags"]) == 20
    assert (await ann.post(f"{path_of(task)}/tags", json=many)).json() == task
    for query in ({"tag": many}, {"tags": ",".join(many)}):
        assert (await ann.get(TASKS, params=query)).json()["items"] == [task]
    for path, body in (
        (TASKS, {"title": "x", "tags": [*many[:99], "x"]}),
        (f"{path_of(task)}/tags", [*many[:99], "x"]),
    ):
        assert (await ann.post(path, json=body)).status_code == 422
