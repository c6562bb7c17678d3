"""Query parameters."""

from typing import Final

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.conventions import Conventions
from tests.entrypoints.http.given import LOGIN, REGISTER, TASKS, UNKNOWN, an_account, breaches, create, in_memory

pytestmark = in_memory

SINGLE: Final = {
    "tags": "a",
    "completed": "true",
    "overdue": "false",
    "search": "a",
    "created_after": "2026-03-04",
    "created_before": "2026-03-04T12:00:00Z",
    "due_after": "2026-03-04",
    "due_before": "2026-03-04",
    "sort_by": "title",
    "sort_order": "asc",
    "skip": "0",
    "limit": "1",
}
REPEATABLE: Final = {"status": ["pending", "completed"], "priority": ["low", "high"], "tag": ["a", "b"]}

NOT_A_MOMENT: Final = [
    "",
    "today",
    "2026",
    "2026-3-4",
    "2026-02-29",
    "2026-13-01",
    "0000-01-01",
    "20260304",
    "2026-W10-3",
    "04.03.2026",
    "1772625600",
    "2026-03-04T12:00:00",
    "2026-03-04T12:00Z",
    "2026-03-04T25:00:00Z",
    "2026-03-04T24:00:00Z",
    "2026-03-04T12:60:00Z",
    "2016-12-31T12:00:60Z",
    "2016-12-31T23:59:60+01:00",
    "2026-03-04T12:00:61Z",
    "2026-03-04T12:00:00+0100",
    "2026-03-04T12:00:00+24:00",
    "2026-03-04T12:00:00 Z",
    "\uff12026-03-04",
    "9999-12-31T23:59:59-00:01",
    "0001-01-01T00:00:00+00:01",
    "2026-03-04\x00",
]
NOT_A_FLAG: Final = ["", "True", "TRUE", "1", "0", "yes", "on", "t", "null", " true", "\x00"]
NOT_A_COUNT: Final = [
    "",
    "-1",
    "+1",
    "1.0",
    "1e1",
    "0x1",
    " 1",
    "1 ",
    "1_0",
    "\u0661",
    "\uff11",
    "NaN",
    "9" * 10_000,
    "\x00",
    "null",
]

WRONG: Final = [
    *(("skip", value) for value in [*NOT_A_COUNT, "100001"]),
    *(("limit", value) for value in [*NOT_A_COUNT, "0", "101"]),
    *((name, value) for name in ("completed", "overdue") for value in NOT_A_FLAG),
    *((name, value) for name in ("due_after", "created_before") for value in NOT_A_MOMENT),
    *(("status", value) for value in ["", "PENDING", "done", "pending,completed", "0", "\x00"]),
    *(("priority", value) for value in ["", "High", "urgent", "low,high", "1", "\x00"]),
    *(("tag", value) for value in ["", " ", "a,b", "a/b", ".", "..", "a" * 51, "\u200b", "\x00", "\ufdfa" * 3]),
    *(("tags", value) for value in [",", "a,", ",a", "a,,b", "a,..", "a/b", ",".join(map(str, range(21))), "\x00"]),
    *(("sort_by", value) for value in ["", "id", "TITLE", "title,status", "owner_id", "\x00"]),
    *(("sort_order", value) for value in ["", "ASC", "up", "descending", "\x00"]),
    *(("search", value) for value in ["a" * 201, "a\x00b"]),
]


async def test_an_invalid_value_is_reported_by_parameter_name(ann: AsyncClient, subtests: pytest.Subtests) -> None:
    for name, value in WRONG:
        with subtests.test(f"{name}={value[:30]!a}"):
            response = await ann.get(TASKS, params={name: value})
            assert {place[:2] for place in breaches(response)} == {("query", name)}


@pytest.mark.parametrize("name", ["created_after", "created_before", "due_after", "due_before"])
@pytest.mark.parametrize(
    "moment",
    [
        "2026-03-04",
        "0001-01-01",
        "9999-12-31",
        "2026-03-04T12:00:00Z",
        "2026-03-04t12:00:00z",
        "2026-03-04T12:00:00.123456789+23:59",
        "2026-03-04T12:00:00-00:00",
        "2016-12-31T23:59:60Z",
        "2017-01-01T00:59:60+01:00",
    ],
)
async def test_dates_and_times_require_a_valid_format(ann: AsyncClient, name: str, moment: str) -> None:
    assert (await ann.get(TASKS, params={name: moment})).status_code == 200


@pytest.mark.parametrize(("name", "value"), [*SINGLE.items(), ("cursor", "x")])
async def test_a_repeated_parameter_is_refused(ann: AsyncClient, name: str, value: str) -> None:
    twice = await ann.get(TASKS, params=[(name, value), (name, value)])
    assert breaches(twice) == {("query", name)}
    assert name == "cursor" or (await ann.get(TASKS, params={name: value})).status_code == 200


@pytest.mark.parametrize(("name", "values"), REPEATABLE.items())
async def test_list_parameters_may_be_repeated(ann: AsyncClient, name: str, values: list[str]) -> None:
    assert (await ann.get(TASKS, params={name: [*values, *values]})).status_code == 200


async def test_an_empty_tag_list_filters_nothing(ann: AsyncClient) -> None:
    task = await create(ann)
    assert (await ann.get(TASKS, params={"tags": ""})).json()["items"] == [task]


async def test_a_search_accepts_any_text(ann: AsyncClient) -> None:
    for text in ("", " ", "a" * 200, "%", "\\", "'\"", "\U0001f600", "\ufffd", "a\nb", "\x01", "\u202e"):
        assert (await ann.get(TASKS, params={"search": text})).status_code == 200
    for raw in ("search=%", "search=%zz", "search", "search=a;b", "&&search=a&"):
        assert (await ann.get(f"{TASKS}?{raw}")).status_code == 200


async def test_every_operation_refuses_unknown_parameters(
    ann: AsyncClient, conventions: Conventions, subtests: pytest.Subtests
) -> None:
    for method, template, operation in conventions.operations:
        known = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"}
        path = template.replace("{task_id}", UNKNOWN).replace("{tag}", "home")
        for name in {"owner_id", "page", "Limit", "limit ", "limit[]", "skip", "sort_by", ""} - known:
            with subtests.test(f"{method} {template}?{name}"):
                response = await ann.request(method, path, params={name: "1"})
                assert ("query", name) in breaches(response)


async def test_a_refusal_of_many_errors_is_small(ann: AsyncClient) -> None:
    for query in ("&".join(f"x{n}=" for n in range(5_000)), "x" * 50_000, "&".join(["tag=,"] * 5_000)):
        response = await ann.get(f"{TASKS}?{query}")
        assert response.status_code == 422
        assert len(response.content) < 100_000


async def test_parameters_are_validated_before_any_change(ann: AsyncClient, client: AsyncClient) -> None:
    task = await create(ann)
    for method, path, body in (
        ("POST", TASKS, {"title": "Another"}),
        ("DELETE", f"{TASKS}/{task['id']}", None),
        ("POST", REGISTER, an_account("dora")),
    ):
        assert (await ann.request(method, path, params={"dry_run": "true"}, json=body)).status_code == 422

    assert (await ann.get(TASKS)).json()["items"] == [task]
    response = await client.post(LOGIN, json={"username": "dora", "password": an_account()["password"]})
    assert response.status_code == 401


@pytest.mark.parametrize("query", ["search=%ff", "search=%c3", "search=a%80b", "%ff=1", "cursor=%ed%a0%80"])
async def test_a_query_that_is_not_utf_8_is_refused(ann: AsyncClient, query: str) -> None:
    response = await ann.get(f"{TASKS}?{query}")
    assert breaches(response) == {("query",)}


async def test_percent_encoded_text_is_decoded(ann: AsyncClient) -> None:
    await create(ann, "Grüße an 東京")
    for query in ("search=Gr%C3%BC%C3%9Fe", "search=%E6%9D%B1%E4%BA%AC+an", "search="):
        assert (await ann.get(f"{TASKS}?{query}")).json()["total"] == 1
