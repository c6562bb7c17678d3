"""Tags of one task and of all tasks."""

from datetime import timedelta
from typing import Final

import pytest
from httpx2 import AsyncClient

from domain.tasks.tag import MAX_DISTINCT_TAGS
from tests.entrypoints.http.given import (
    STATISTICS,
    TAGS,
    TASKS,
    UNKNOWN,
    Json,
    SettableClock,
    breaches,
    create,
    create_all,
    get,
    in_memory,
    path_of,
    titles,
)

ODD_NAMES: Final = {
    "%23": "#",
    "%3F": "?",
    "%25": "%",
    "a%20b": "a b",
    "%C3%A9t%C3%A9": "\xe9t\xe9",
    "%F0%9F%98%80": "\U0001f600",
    "a;b=c": "a;b=c",
    "a+b": "a+b",
    "...": "...",
    "%22": '"',
    "%5C": "\\",
    "bulk": "bulk",
    "statistics": "statistics",
}
NO_TAGS: Final = ["none", "hom", "%00", "%20", "a,b", "%E2%80%8B", "x" * 51, "x" * 5000, "%0A", "%ff", "%2E%2E%2E%2E"]


async def counts(client: AsyncClient) -> dict[str, int]:
    response = await client.get(TAGS)
    assert response.status_code == 200
    items: list[Json] = response.json()["items"]
    return {item["name"]: item["task_count"] for item in items}


async def test_tags_are_added_to_the_existing_ones(ann: AsyncClient, clock: SettableClock) -> None:
    task = await create(ann, tags=["work"])
    clock.advance(timedelta(minutes=1))
    response = await ann.post(f"{path_of(task)}/tags", json=[" Home ", "WORK", "\uff28ome", "\U0001f600"])

    expected = task | {"tags": ["home", "work", "\U0001f600"], "version": 2, "updated_at": "2026-03-04T12:01:00Z"}
    assert response.status_code == 200
    assert response.headers["ETag"] == '"2"'
    assert response.json() == expected
    assert await get(ann, task) == expected


async def test_a_task_has_at_most_20_tags(ann: AsyncClient) -> None:
    task = await create(ann, tags=[f"{n:02}" for n in range(10)])
    path = f"{path_of(task)}/tags"
    assert len(breaches(await ann.post(path, json=[f"{n:02}" for n in range(10, 21)]))) == 1
    assert await get(ann, task) == task
    assert len((await ann.post(path, json=[f"{n:02}" for n in range(20)])).json()["tags"]) == 20
    assert (await ann.post(path, json=["00"])).status_code == 200
    assert (await ann.post(path, json=["another"])).status_code == 422


@in_memory
@pytest.mark.parametrize(
    "body",
    [
        [],
        [f"{n}" for n in range(21)],
        "home",
        {"tags": ["home"]},
        [5],
        [None],
        [""],
        ["a,b"],
        ["a", "x" * 51],
        ["\x00"],
    ],
)
async def test_adding_tags_requires_a_list_of_1_to_20_tags(ann: AsyncClient, body: object) -> None:
    task = await create(ann, tags=["work"])
    assert {place[0] for place in breaches(await ann.post(f"{path_of(task)}/tags", json=body))} == {"body"}
    assert await get(ann, task) == task


async def test_a_tag_can_be_removed_in_any_spelling(ann: AsyncClient) -> None:
    for spelling in ("home", "HOME", "%EF%BC%A8ome", "%20home%20"):
        task = await create(ann, tags=["home", "work"])
        response = await ann.delete(f"{path_of(task)}/tags/{spelling}")
        assert response.status_code == 200
        assert response.headers["ETag"] == '"2"'
        assert response.json()["tags"] == ["work"]
        assert await get(ann, task) == response.json()


async def test_every_valid_tag_can_be_used_in_a_path(ann: AsyncClient, subtests: pytest.Subtests) -> None:
    for spelling, tag in ODD_NAMES.items():
        with subtests.test(tag):
            task = await create(ann, tags=[tag])
            assert (await ann.patch(f"{TAGS}/{spelling}", json={"name": tag})).json() == {"name": tag, "task_count": 1}
            assert (await ann.delete(f"{path_of(task)}/tags/{spelling}")).json()["tags"] == []
            await ann.post(f"{path_of(task)}/tags", json=[tag])
            assert (await ann.delete(f"{TAGS}/{spelling}")).status_code == 204


@in_memory
@pytest.mark.parametrize("tag", NO_TAGS)
async def test_an_unused_tag_is_not_found(ann: AsyncClient, tag: str) -> None:
    task = await create(ann, tags=["home"])
    for response in (
        await ann.delete(f"{path_of(task)}/tags/{tag}"),
        await ann.patch(f"{TAGS}/{tag}", json={"name": "house"}),
        await ann.delete(f"{TAGS}/{tag}"),
    ):
        assert response.status_code == 404
        assert response.json()["error_code"] == "TAG_NOT_FOUND"
    assert (await ann.delete(f"{TASKS}/{UNKNOWN}/tags/home")).json()["error_code"] == "TASK_NOT_FOUND"
    assert await get(ann, task) == task


async def test_tags_are_listed_by_name_with_the_number_of_tasks(ann: AsyncClient) -> None:
    assert await counts(ann) == {}
    await create_all(
        ann,
        {"title": "1", "tags": ["work", "home"]},
        {"title": "2", "tags": ["Home", "\xe9"]},
        {"title": "3", "tags": ["home", "Zebra"], "status": "cancelled"},
        {"title": "4"},
    )
    assert list((await counts(ann)).items()) == [("home", 3), ("work", 1), ("zebra", 1), ("\xe9", 1)]


async def test_tags_are_listed_in_pages(ann: AsyncClient) -> None:
    await create(ann, tags=["work", "homework", "home"])
    first = (await ann.get(TAGS, params={"search": "WORK", "limit": 1})).json()
    rest = {"search": "WORK", "cursor": first["next_cursor"]}

    assert first["items"] == [{"name": "homework", "task_count": 1}]
    assert (await ann.get(TAGS, params=rest)).json() == {
        "items": [{"name": "work", "task_count": 1}],
        "next_cursor": None,
    }
    assert breaches(await ann.get(TAGS, params=rest | {"search": ""})) == {("query", "cursor")}
    for wrong in ({"limit": 0}, {"limit": 1001}, {"search": "x" * 201}, {"search": "\0"}, {"skip": 0}, {"cursor": "x"}):
        assert breaches(await ann.get(TAGS, params=wrong)) == {("query", *wrong)}


@in_memory
async def test_a_new_tag_above_the_limit_is_refused(ann: AsyncClient) -> None:
    names = [f"{n:04}" for n in range(MAX_DISTINCT_TAGS)]
    tasks = [{"title": "Full", "tags": names[n : n + 20]} for n in range(0, MAX_DISTINCT_TAGS, 20)]
    for start in range(0, len(tasks), 100):
        await create_all(ann, *tasks[start : start + 100])
    task = await create(ann, tags=["0000"])

    refused = await ann.post(f"{path_of(task)}/tags", json=["new"])
    assert (refused.status_code, refused.json()["error_code"]) == (409, "LIMIT_REACHED")
    assert await get(ann, task) == task
    statistics = (await ann.get(STATISTICS)).json()
    assert (len(statistics["by_tag"]), statistics["by_tag_capped"]) == (100, True)


async def test_a_tag_is_renamed_on_every_task(ann: AsyncClient, ben: AsyncClient, clock: SettableClock) -> None:
    bens = await create(ben, tags=["home"])
    first, other, second = await create_all(
        ann, {"title": "1", "tags": ["home", "x"]}, {"title": "2", "tags": ["x"]}, {"title": "3", "tags": ["home"]}
    )
    clock.advance(timedelta(minutes=1))
    response = await ann.patch(f"{TAGS}/HOME", json={"name": " House "})

    assert (response.status_code, response.json()) == (200, {"name": "house", "task_count": 2})
    changed = {"version": 2, "updated_at": "2026-03-04T12:01:00Z"}
    assert await get(ann, first) == first | changed | {"tags": ["house", "x"]}
    assert await get(ann, second) == second | changed | {"tags": ["house"]}
    assert await get(ann, other) == other
    assert await get(ben, bens) == bens
    assert await counts(ann) == {"house": 2, "x": 2}
    assert await titles(ann, tag="home") == []
    assert await titles(ann, search="house") == ["3", "1"]


async def test_renaming_a_tag_to_an_existing_name_merges_them(ann: AsyncClient) -> None:
    both, old, new = await create_all(
        ann, {"title": "1", "tags": ["a", "b"]}, {"title": "2", "tags": ["a"]}, {"title": "3", "tags": ["b"]}
    )
    assert (await ann.patch(f"{TAGS}/a", json={"name": "b"})).json() == {"name": "b", "task_count": 3}
    assert [(await get(ann, task))["tags"] for task in (both, old, new)] == [["b"], ["b"], ["b"]]
    assert [(await get(ann, task))["version"] for task in (both, old, new)] == [2, 2, 1]


async def test_renaming_a_tag_to_its_own_name_changes_nothing(ann: AsyncClient, clock: SettableClock) -> None:
    task = await create(ann, tags=["home"])
    clock.advance(timedelta(minutes=1))
    assert (await ann.patch(f"{TAGS}/home", json={"name": "HOME"})).json() == {"name": "home", "task_count": 1}
    assert await get(ann, task) == task


@in_memory
@pytest.mark.parametrize("name", [None, 5, "", " ", "a,b", "a/b", "..", "x" * 51, "\x00", "\u200b", ["x"]])
async def test_a_tag_cannot_be_renamed_to_an_invalid_name(ann: AsyncClient, name: object) -> None:
    task = await create(ann, tags=["home"])
    assert breaches(await ann.patch(f"{TAGS}/home", json={"name": name})) == {("body", "name")}
    assert await get(ann, task) == task


async def test_a_tag_is_removed_from_every_task(ann: AsyncClient, ben: AsyncClient) -> None:
    bens = await create(ben, tags=["home"])
    first, second, other = await create_all(
        ann, {"title": "1", "tags": ["home", "x"]}, {"title": "2", "tags": ["home"]}, {"title": "3", "tags": ["x"]}
    )
    response = await ann.delete(f"{TAGS}/Home")

    assert (response.status_code, response.content) == (204, b"")
    assert [(await get(ann, task))["tags"] for task in (first, second)] == [["x"], []]
    assert await get(ann, other) == other
    assert await get(ben, bens) == bens
    assert await counts(ann) == {"x": 2}
    assert (await ann.delete(f"{TAGS}/home")).status_code == 404
