"""Invalid values of each field."""

from typing import Any, Final

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import (
    BULK,
    LOGIN,
    LOGIN_FORM,
    PASSWORD,
    REGISTER,
    TASKS,
    an_account,
    breaches,
    create,
    in_memory,
    path_of,
)

pytestmark = in_memory

NO_TEXT: Final[list[Any]] = [None, 5, 1.5, True, [], {}, ["x"]]
BLANK: Final = ["", " ", "\t\n", "\u200b", "\u200b \u202e\u2060", "\ufeff"]
NO_DAY: Final = [5, 1.0, True, [], {"day": 4}, "", "soon", "20260304", "2026-02-30", "0000-01-01", "10000-01-01"]
NO_INSTANT: Final = ["2026-03-04\x00", "2026-03-04T12:00:00", "2026-03-04T12:00:00.Z", "2026-03-04T12:00:00+25:00"]
NO_TAG: Final = [
    5,
    None,
    True,
    ["home"],
    "",
    " ",
    "\u200b",
    ".",
    " .. ",
    "\uff0e",
    "a,b",
    "a/b",
    "a\x00",
    "a\nb",
    "\x7f",
]
LONG_TAG: Final = ["x" * 51, "\xdf" * 26, "\ufdfa" * 3]

WRONG: Final[dict[str, list[Any]]] = {
    "title": [*NO_TEXT, *BLANK, "x" * 256, "x\x00", "\x00"],
    "description": [5, True, [], {}, "x" * 2001, "x\x00"],
    "status": [None, 0, True, "", "PENDING", "done", "Completed", " pending", "in-progress", ["pending"]],
    "completed": [None, 0, 1, 1.0, "true", "false", "", []],
    "priority": [None, 1, "", "HIGH", "urgent", "high ", ["high"]],
    "due_date": [*NO_DAY, *NO_INSTANT],
    "tags": [None, "home", {"home": True}, 5, [str(n) for n in range(21)], *([tag] for tag in [*NO_TAG, *LONG_TAG])],
}

NO_USERNAME: Final = ["", "ab", "a" * 51, "a b", "a.b", "a@b", "\xe4bc", "abc\n", "abc\x00", "\uff41bc", "\u212aim"]
NO_ADDRESS: Final = ["", "x", "x@", "@x.com", "x@x", "a b@x.com", "x@@x.com", "x@x.com\n", "x@x.com\x00", "<x@x.com>"]
ENCODED: Final = ["=?utf-8?q?bob?=@x.com", "=?us-ascii?b?Ym9i?=@x.com", "bob+=?@x.com"]
NO_DOMAIN: Final = ["x@-x.com", "x@x..com", "x@x.com.", "x@[127.0.0.1]", f"x@{'.'.join(['d' * 61] * 4)}.example"]
NO_MAILBOX: Final = [".x@x.com", "x.@x.com", "x..y@x.com", f"{'x' * 65}@x.com"]
NO_ZONE: Final = ["", "utc", "Nowhere/City", "../../etc/passwd", "/etc/localtime", "localtime", "UTC\x00", "+01:00"]

WRONG_ACCOUNT: Final[dict[str, list[Any]]] = {
    "username": [*NO_TEXT, *NO_USERNAME],
    "email": [*NO_TEXT, *NO_ADDRESS, *NO_DOMAIN, *NO_MAILBOX, *ENCODED],
    "full_name": [5, True, [], *BLANK, "x" * 101, "x\x00", "x\n", "\x1b[31mx", "x\u202ey"],
    "timezone": [*NO_TEXT, *NO_ZONE],
    "password": NO_TEXT,
    "confirm_password": NO_TEXT,
}


@pytest.mark.parametrize("field", WRONG)
async def test_an_invalid_task_field_is_reported_by_its_location(
    ann: AsyncClient, subtests: pytest.Subtests, field: str
) -> None:
    task = await create(ann, description="Before", due_date="2026-03-04", tags=["home"])
    for value in WRONG[field]:
        with subtests.test(ascii(value)[:40]):
            changes, whole = {field: value}, {"title": "New", field: value}
            for method, path, body, place in (
                ("POST", TASKS, whole, ()),
                ("PATCH", path_of(task), changes, ()),
                ("PUT", path_of(task), changes, ()),
                ("POST", BULK, {"tasks": [{"title": "Fine"}, whole]}, ("tasks", 1)),
                ("PATCH", BULK, {"task_ids": [task["id"]], "updates": changes}, ("updates",)),
            ):
                places = breaches(await ann.request(method, path, json=body))
                assert {found[: len(place) + 2] for found in places} == {("body", *place, field)}
    assert (await ann.get(TASKS)).json()["items"] == [task]


@pytest.mark.parametrize("field", WRONG_ACCOUNT)
async def test_an_invalid_account_field_is_reported_by_its_location(
    client: AsyncClient, subtests: pytest.Subtests, field: str
) -> None:
    for value in WRONG_ACCOUNT[field]:
        with subtests.test(ascii(value)[:40]):
            assert breaches(await client.post(REGISTER, json=an_account() | {field: value})) == {("body", field)}


@pytest.mark.parametrize("path", [LOGIN, LOGIN_FORM])
@pytest.mark.parametrize("field", ["username", "password"])
async def test_a_login_with_nul_is_refused(ann: AsyncClient, path: str, field: str) -> None:
    login = {"username": "ann", "password": PASSWORD}
    login[field] += "\x00"
    response = await (ann.post(path, json=login) if path == LOGIN else ann.post(path, data=login))
    assert breaches(response) == {("body", field)}


async def test_all_invalid_fields_are_reported_together(ann: AsyncClient) -> None:
    wrong = {"title": 5, "status": "done", "priority": None, "due_date": "soon", "tags": ["a,b"], "colour": "red"}
    assert {place[1] for place in breaches(await ann.post(TASKS, json=wrong))} == set(wrong)
