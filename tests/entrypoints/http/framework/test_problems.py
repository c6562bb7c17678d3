"""Problem documents: their structure, their order, and what they must not contain."""

import re
from typing import Any, Final

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.conventions import Conventions
from tests.entrypoints.http.given import (
    BULK,
    CONFIRM,
    LOGIN,
    LOGIN_COOKIE,
    LOGIN_FORM,
    ME,
    PASSWORD,
    REFRESH,
    REGISTER,
    RESET,
    TAGS,
    TASKS,
    UNKNOWN,
    an_account,
    create,
    in_memory,
    path_of,
)

pytestmark = in_memory

PUBLIC: Final = {
    *(("GET", path) for path in ("/health", "/monitoring/health", "/monitoring/metrics")),
    *(("POST", path) for path in (REGISTER, LOGIN, LOGIN_FORM, LOGIN_COOKIE, REFRESH, RESET, CONFIRM)),
}
CANARY: Final = "canary-in-a-coal-mine"
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")
NOWHERE: Final = f"{TASKS}/{UNKNOWN}"
NO_ROUTES: Final = ("/api", "/api/v1", "/api/v1/", "/API/v1/tasks", "/api/v2/tasks", "/%00", "/\u00e9/%ff")
NOWHERES: Final = (*NO_ROUTES, "/health/", "/api/v1//tasks", f"{TASKS}/", f"{NOWHERE}/", f"{NOWHERE}/nothing")

REFUSALS: Final[list[tuple[str, str, dict[str, Any], int, str, str]]] = [
    ("POST", TASKS, {"content": b"{"}, 400, "Bad Request", "MALFORMED_JSON"),
    ("GET", ME, {"headers": {"If-None-Match": "1"}}, 400, "Bad Request", "INVALID_PRECONDITION"),
    ("GET", ME, {"headers": {"Authorization": "Basic eDp5"}}, 401, "Unauthorized", "NOT_AUTHENTICATED"),
    ("GET", ME, {"headers": {"Authorization": "Bearer x"}}, 401, "Unauthorized", "INVALID_TOKEN"),
    ("POST", LOGIN, {"json": {"username": "x", "password": "x"}}, 401, "Unauthorized", "INVALID_CREDENTIALS"),
    ("GET", "/api/v1/nothing", {}, 404, "Not Found", "NOT_FOUND"),
    ("GET", NOWHERE, {}, 404, "Not Found", "TASK_NOT_FOUND"),
    ("DELETE", f"{TAGS}/none", {}, 404, "Not Found", "TAG_NOT_FOUND"),
    ("POST", ME, {}, 405, "Method Not Allowed", "METHOD_NOT_ALLOWED"),
    ("POST", REGISTER, {"json": an_account("ANN", email="a@example.com")}, 409, "Conflict", "USERNAME_TAKEN"),
    ("POST", REGISTER, {"json": an_account("dan", email="Ann@example.com")}, 409, "Conflict", "EMAIL_TAKEN"),
    ("POST", TASKS, {"json": ["x" * 5_000_000]}, 413, "Content Too Large", "PAYLOAD_TOO_LARGE"),
    ("POST", TASKS, {"data": {"title": "x"}}, 415, "Unsupported Media Type", "UNSUPPORTED_MEDIA_TYPE"),
    ("POST", TASKS, {"json": {}}, 422, "Unprocessable Content", "VALIDATION_FAILED"),
    ("POST", REGISTER, {"json": an_account(password="weak")}, 422, "Unprocessable Content", "WEAK_PASSWORD"),
]


@pytest.mark.parametrize(
    ("method", "path", "request_", "status", "title", "code"), REFUSALS, ids=[f"{row[3]}-{row[5]}" for row in REFUSALS]
)
async def test_a_problem_has_exactly_the_documented_members(
    ann: AsyncClient, method: str, path: str, request_: dict[str, Any], status: int, title: str, code: str
) -> None:
    request_ = {"headers": {}, **request_}
    request_["headers"] |= {"X-Request-ID": "this-one"}
    if "content" in request_:
        request_["headers"] |= {"Content-Type": "application/json"}
    response = await ann.request(method, path, **request_)
    problem = response.json()
    detail = problem.pop("detail")
    extensions = {name: problem.pop(name) for name in ("errors", "field") if name in problem}

    assert response.status_code == status
    assert problem == {
        "type": "about:blank",
        "title": title,
        "status": status,
        "instance": path,
        "error_code": code,
        "request_id": "this-one",
    }
    assert isinstance(detail, str)
    assert detail
    assert set(extensions) == ({"errors"} if status == 422 else {"field"} if status == 409 else set())


@pytest.mark.parametrize(
    ("account", "field"),
    [(an_account("ANN", email="a@example.com"), "username"), (an_account("dan", email="ANN@example.com"), "email")],
)
async def test_a_taken_name_is_reported_by_field(
    ann: AsyncClient, client: AsyncClient, account: dict[str, Any], field: str
) -> None:
    assert (await client.post(REGISTER, json=account)).json()["field"] == field


async def test_all_operations_except_public_ones_authenticate_first(
    client: AsyncClient, conventions: Conventions, subtests: pytest.Subtests
) -> None:
    for method, template, _ in conventions.operations:
        if (method, template) in PUBLIC:
            continue
        path = re.sub(r"{\w+_id}", "no-uuid", template).replace("{tag}", "%00")
        wrong: dict[str, dict[str, Any]] = {
            "nothing else": {},
            "malformed body": {"content": b"{", "headers": {"Content-Type": "application/json"}},
            "invalid body": {"json": {"nonsense": 1}},
            "wrong media type": {"content": b"x", "headers": {"Content-Type": "text/plain"}},
            "body too large": {"content": b" ", "headers": {"Content-Length": str(10**12)}},
            "unknown parameter": {"params": {"nonsense": 1}},
            "malformed precondition": {"headers": {"If-Match": "1", "If-None-Match": "1"}},
        }
        for what, request in wrong.items():
            with subtests.test(f"{method} {template} with {what}"):
                response = await client.request(method, path, **request)
                assert response.status_code == 401
                assert response.json()["error_code"] == "NOT_AUTHENTICATED"


async def test_a_method_is_refused_exactly_when_allow_omits_it(
    ann: AsyncClient, conventions: Conventions, subtests: pytest.Subtests
) -> None:
    of_api = {template.replace("{task_id}", UNKNOWN) for template in conventions.document["paths"]}
    for path in sorted(of_api | {"/docs", "/redoc", "/openapi.json", "/static/docs.js"}):
        with subtests.test(path):
            allow = (await ann.request("X", path)).headers["Allow"]
            for method in METHODS:
                response = await ann.request(method, path)
                assert (response.status_code == 405) == (method not in allow.split(", "))
                assert response.status_code != 405 or response.headers["Allow"] == allow


async def test_every_documented_method_is_allowed(
    ann: AsyncClient, conventions: Conventions, subtests: pytest.Subtests
) -> None:
    for method, template, _ in conventions.operations:
        with subtests.test(f"{method} {template}"):
            assert method in (await ann.request("X", template)).headers["Allow"].split(", ")


@pytest.mark.parametrize("path", NOWHERES)
async def test_an_unknown_path_is_not_found(ann: AsyncClient, path: str) -> None:
    response = await ann.get(path)
    assert response.status_code == 404
    assert response.json()["error_code"] == "NOT_FOUND"


@pytest.mark.parametrize("name", ["a%20b", "%C3%A9", "%22%3E%3Cscript%3E", "a%0Ab", "%25"])
async def test_the_instance_is_the_path_as_a_uri_reference(ann: AsyncClient, name: str) -> None:
    assert (await ann.delete(f"{TAGS}/{name}")).json()["instance"] == f"{TAGS}/{name}"


@pytest.mark.parametrize(
    ("method", "path", "request_"),
    [
        (
            "POST",
            TASKS,
            {"json": {"title": CANARY * 20, "priority": CANARY, "due_date": CANARY, "tags": [f"{CANARY},"]}},
        ),
        ("POST", TASKS, {"json": {"title": "x", "status": "pending", "completed": CANARY, "nothing": CANARY}}),
        ("POST", TASKS, {"content": f'{{"title": {CANARY}}}', "headers": {"Content-Type": "application/json"}}),
        ("POST", TASKS, {"content": b"{}", "headers": {"Content-Type": CANARY}}),
        ("PATCH", BULK, {"json": {"task_ids": [CANARY], "updates": {"status": CANARY}}}),
        ("POST", BULK, {"json": {"tasks": [{"title": "x"}, {"title": "x", "status": CANARY}]}}),
        ("GET", TASKS, {"params": {"status": CANARY, "tag": f"{CANARY},", "search": CANARY * 20, "cursor": CANARY}}),
        ("GET", TASKS, {"params": {"skip": CANARY, "limit": CANARY, "overdue": CANARY, "due_after": CANARY}}),
        ("GET", TASKS, {"params": {"cursor": CANARY}}),
        ("GET", ME, {"headers": {"Authorization": f"Bearer {CANARY}"}}),
        ("GET", ME, {"headers": {"If-None-Match": CANARY}}),
        ("GET", ME, {"headers": {"X-Request-ID": f"{CANARY} "}}),
        ("POST", LOGIN, {"json": {"username": CANARY, "password": CANARY}}),
        ("POST", LOGIN_FORM, {"data": {"username": CANARY, "password": CANARY, "grant_type": CANARY}}),
        ("POST", REGISTER, {"json": an_account(f"{CANARY}!", password=f"{CANARY}1", timezone=CANARY)}),
        ("POST", REGISTER, {"json": an_account("dan", email="ann@example.com", full_name=CANARY)}),
        ("POST", REGISTER, {"json": an_account("dan", password=f"{PASSWORD}{CANARY}", confirm_password=CANARY)}),
        ("POST", REGISTER, {"json": an_account("dan", password=CANARY)}),
    ],
)
async def test_a_problem_echoes_no_input(ann: AsyncClient, method: str, path: str, request_: dict[str, Any]) -> None:
    response = await ann.request(method, path, **request_)

    assert response.status_code >= 400 or "X-Request-ID" in request_["headers"]
    assert "canary" not in response.text + str(response.headers.raw)


async def test_a_problem_reveals_no_internals(ann: AsyncClient) -> None:
    task = await create(ann)
    for response in (
        await ann.get(f"{TASKS}/'%20or%201=1--"),
        await ann.patch(path_of(task), json={"title": None}),
        await ann.get(TASKS, params={"sort_by": "title; drop table tasks"}),
    ):
        assert 400 <= response.status_code < 500
        for word in ("traceback", "sql", "select", "pydantic", "/site-packages", ".py", "0x", "http://"):
            assert word not in response.text.lower()
