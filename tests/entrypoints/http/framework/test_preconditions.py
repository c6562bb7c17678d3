"""Entity tags (RFC 9110, sections 8.8.3 and 13)."""

from typing import Any, Final

import pytest
from httpx2 import AsyncClient, Headers

from tests.entrypoints.http.given import ME, PASSWORD, TASKS, UNKNOWN, USERS, Json, create, get, in_memory, path_of

pytestmark = in_memory

MINE: Final = "/api/v1/auth/me"

WRITES: Final[list[tuple[str, str, dict[str, Any]]]] = [
    ("PATCH", "", {"json": {"title": "Changed"}}),
    ("PUT", "", {"json": {"completed": True}}),
    ("POST", "/tags", {"json": ["garden"]}),
    ("DELETE", "/tags/home", {}),
    ("DELETE", "", {}),
]
CURRENT: Final = ['"3"', "*", " * ", '"2", "3"', '"2","3"', 'W/"3", "3"', '"3" ,\t"x"', '"a,b", "3"']
OTHER: Final = ['"2"', '"4"', '""', '"03"', '"3.0"', '"+3"', '"*"', '"x"', '"\xb3"', f'"{"3" * 30}"', '"1", "2"']
WEAK: Final = ['W/"3"', 'W/"2", W/"3"']
MALFORMED: Final = [
    "1",
    "'1'",
    '"1',
    '1"',
    'w/"1"',
    'W/ "1"',
    "W/1",
    '"1" "2"',
    '"1"; "2"',
    '*, "1"',
    '"1", *',
    "**",
    '"\x7f"',
    '"a b"',
]


@pytest.fixture
async def task(ann: AsyncClient) -> Json:
    """A task in its third version."""
    task = await create(ann, tags=["home", "work"])
    await ann.patch(path_of(task), json={"priority": "low"})
    response = await ann.patch(path_of(task), json={"priority": "medium"})
    changed: Json = response.json()
    assert changed["version"] == 3
    return changed


async def test_every_response_with_one_resource_has_its_entity_tag(ann: AsyncClient, task: Json) -> None:
    path = path_of(task)
    for version, response in (
        (1, await ann.post(TASKS, json={"title": "Another"})),
        (3, await ann.get(path)),
        (4, await ann.patch(path, json={"title": "B"})),
        (5, await ann.put(path, json={"title": "C"})),
        (6, await ann.post(f"{path}/tags", json=["garden"])),
        (7, await ann.delete(f"{path}/tags/garden")),
        (1, await ann.get(ME)),
        (1, await ann.get(MINE)),
    ):
        assert response.headers["ETag"] == f'"{version}"'
        assert response.json()["version"] == version


@pytest.mark.parametrize("field", CURRENT + WEAK)
async def test_a_matching_if_none_match_returns_304(ann: AsyncClient, task: Json, field: str) -> None:
    response = await ann.get(path_of(task), headers={"If-None-Match": field})

    assert response.status_code == 304
    assert response.content == b""
    assert response.headers["ETag"] == '"3"'


@pytest.mark.parametrize("field", OTHER)
async def test_another_if_none_match_returns_the_resource(ann: AsyncClient, task: Json, field: str) -> None:
    response = await ann.get(path_of(task), headers=[(b"If-None-Match", field.encode("latin-1"))])
    assert response.status_code == 200
    assert response.json() == task


@pytest.mark.parametrize("path", [ME, MINE])
async def test_users_support_conditional_requests(ann: AsyncClient, path: str) -> None:
    assert (await ann.get(path, headers={"If-None-Match": '"1"'})).status_code == 304
    assert (await ann.get(path, headers={"If-None-Match": '"2"'})).status_code == 200
    assert (await ann.get(path, headers={"If-None-Match": "1"})).status_code == 400


async def test_repeated_fields_form_one_list(ann: AsyncClient, task: Json) -> None:
    def lines(name: str) -> Headers:
        return Headers([(name, '"1"'), (name, '"3"')])

    assert (await ann.get(path_of(task), headers=lines("If-None-Match"))).status_code == 304
    assert (await ann.patch(path_of(task), json={"title": "x"}, headers=lines("If-Match"))).status_code == 200


@pytest.mark.parametrize("field", CURRENT)
async def test_a_matching_if_match_allows_the_change(ann: AsyncClient, task: Json, field: str) -> None:
    for method, suffix, request in WRITES:
        version = (await get(ann, task))["version"]
        headers = {"If-Match": field.replace("3", str(version))}
        response = await ann.request(method, path_of(task) + suffix, headers=headers, **request)
        assert response.is_success, f"{method} {suffix}"


@pytest.mark.parametrize("field", OTHER + WEAK)
async def test_another_if_match_prevents_the_change(ann: AsyncClient, task: Json, field: str) -> None:
    for method, suffix, request in WRITES:
        headers = [(b"If-Match", field.encode("latin-1"))]
        response = await ann.request(method, path_of(task) + suffix, headers=headers, **request)
        assert response.status_code == 412, f"{method} {suffix}"
        assert response.json()["error_code"] == "PRECONDITION_FAILED"
    assert await get(ann, task) == task


@pytest.mark.parametrize("field", ["*", '"3"', *WEAK])
async def test_a_matching_if_none_match_prevents_the_change(ann: AsyncClient, task: Json, field: str) -> None:
    for method, suffix, request in WRITES:
        response = await ann.request(method, path_of(task) + suffix, headers={"If-None-Match": field}, **request)
        assert response.status_code == 412, f"{method} {suffix}"
        assert response.json()["error_code"] == "PRECONDITION_FAILED"
    assert await get(ann, task) == task


async def test_another_if_none_match_allows_the_change(ann: AsyncClient, task: Json) -> None:
    for method, suffix, request in WRITES:
        headers = {"If-Match": "*", "If-None-Match": '"2", W/"30"'}
        response = await ann.request(method, path_of(task) + suffix, headers=headers, **request)
        assert response.is_success, f"{method} {suffix}"


async def test_changes_of_users_evaluate_if_none_match(ann: AsyncClient) -> None:
    user = (await ann.get(ME)).json()
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", ME, {"full_name": "Ann"}),
        ("PATCH", f"{USERS}/{user['id']}", {"full_name": "Ann"}),
        ("PUT", f"{USERS}/{user['id']}", {"full_name": "Ann"}),
        ("DELETE", ME, {"password": PASSWORD}),
    ]
    for field, status in (("*", 412), ('W/"1"', 412), ("1", 400)):
        for method, path, body in requests:
            response = await ann.request(method, path, json=body, headers={"If-None-Match": field})
            assert response.status_code == status, f"{method} {path}"
    assert (await ann.get(ME)).json() == user
    assert (await ann.patch(ME, json={"full_name": "Ann"}, headers={"If-None-Match": '"2"'})).status_code == 200


async def test_if_none_match_is_evaluated_after_the_rights_of_the_caller(ann: AsyncClient, ben: AsyncClient) -> None:
    user = (await ben.get(ME)).json()
    response = await ann.delete(f"{USERS}/{user['id']}", headers={"If-None-Match": "*"})
    assert response.status_code == 404


@pytest.mark.parametrize("field", MALFORMED)
async def test_a_malformed_field_is_refused(ann: AsyncClient, task: Json, field: str) -> None:
    for method, suffix, request in WRITES:
        response = await ann.request(method, path_of(task) + suffix, headers={"If-Match": field}, **request)
        assert response.status_code == 400, f"{method} {suffix}"
        assert response.json()["error_code"] == "INVALID_PRECONDITION"
        response = await ann.request(method, path_of(task) + suffix, headers={"If-None-Match": field}, **request)
        assert response.status_code == 400, f"{method} {suffix}"
    assert (await ann.get(path_of(task), headers={"If-None-Match": field})).status_code == 400
    assert await get(ann, task) == task


@pytest.mark.parametrize("field", ['"3",', ',"3"', '"2", , "3"'])
async def test_empty_list_members_are_ignored(ann: AsyncClient, task: Json, field: str) -> None:
    """RFC 9110, section 5.6.1.2."""
    assert (await ann.get(path_of(task), headers={"If-None-Match": field})).status_code == 304
    assert (await ann.patch(path_of(task), json={"title": "x"}, headers={"If-Match": field})).status_code == 200


@pytest.mark.parametrize("field", ["", " ", ","])
async def test_an_empty_list_matches_no_version(ann: AsyncClient, task: Json, field: str) -> None:
    response = await ann.patch(path_of(task), json={"title": "x"}, headers={"If-Match": field})
    assert response.status_code in {400, 412}


@pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
async def test_an_unknown_task_returns_404_despite_a_condition(ann: AsyncClient, name: str) -> None:
    for field in ("*", '"1"'):
        for method, suffix, request in WRITES:
            response = await ann.request(method, f"{TASKS}/{UNKNOWN}{suffix}", headers={name: field}, **request)
            assert response.status_code == 404
