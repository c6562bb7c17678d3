"""Authorisation: every documented operation with every kind of caller."""

import re
from typing import Final

import pytest
from httpx2 import AsyncClient

from domain.identity.user import Role
from entrypoints.wiring.container import Container
from tests.entrypoints.http.callers import CALLERS, World
from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.conventions import Conventions
from tests.entrypoints.http.given import (
    FILES,
    ME,
    STATISTICS,
    TAGS,
    TASKS,
    UNKNOWN,
    USERS,
    Json,
    account_of,
    anonymised,
    create,
    get,
    in_memory,
    path_of,
    promote,
    sign_up,
    upload,
)

TABLE: Final = {
    #                              anonymous stranger owner manager admin ended deactivated
    "list_tasks": (401, 200, 200, 200, 200, 401, 401),
    "create_task": (401, 201, 201, 201, 201, 401, 401),
    "get_statistics": (401, 200, 200, 200, 200, 401, 401),
    "create_tasks": (401, 201, 201, 201, 201, 401, 401),
    "edit_tasks": (401, 404, 200, 404, 404, 401, 401),
    "delete_tasks": (401, 404, 204, 404, 404, 401, 401),
    "get_task": (401, 404, 200, 404, 404, 401, 401),
    "edit_task_by_put": (401, 404, 200, 404, 404, 401, 401),
    "edit_task_by_patch": (401, 404, 200, 404, 404, 401, 401),
    "delete_task": (401, 404, 204, 404, 404, 401, 401),
    "list_history": (401, 404, 200, 404, 404, 401, 401),
    "add_tags": (401, 404, 200, 404, 404, 401, 401),
    "remove_tag": (401, 404, 200, 404, 404, 401, 401),
    "list_tags": (401, 200, 200, 200, 200, 401, 401),
    "rename_tag": (401, 404, 200, 404, 404, 401, 401),
    "remove_tag_everywhere": (401, 404, 204, 404, 404, 401, 401),
    "list_files": (401, 200, 200, 200, 200, 401, 401),
    "upload_file": (401, 201, 201, 201, 201, 401, 401),
    "get_file": (401, 404, 200, 404, 404, 401, 401),
    "get_file_content": (401, 404, 200, 404, 404, 401, 401),
    "delete_file": (401, 404, 204, 404, 404, 401, 401),
    "get_job": (401, 404, 200, 404, 404, 401, 401),
    "register": (201, 201, 201, 201, 201, 201, 201),
    "log_in": (200, 200, 200, 200, 200, 200, 200),
    "log_in_by_form": (200, 200, 200, 200, 200, 200, 200),
    "log_in_by_cookie": (204, 204, 204, 204, 204, 204, 204),
    "refresh": (200, 200, 200, 200, 200, 200, 200),
    "log_out": (401, 204, 204, 204, 204, 401, 401),
    "log_out_everywhere": (401, 204, 204, 204, 204, 401, 401),
    "list_sessions": (401, 200, 200, 200, 200, 401, 401),
    "end_session": (401, 404, 204, 404, 404, 401, 401),
    "get_current_user": (401, 200, 200, 200, 200, 401, 401),
    "change_password": (401, 204, 204, 204, 204, 401, 401),
    "request_password_reset": (202, 202, 202, 202, 202, 202, 202),
    "reset_password": (422, 422, 422, 422, 422, 422, 422),
    "get_me": (401, 200, 200, 200, 200, 401, 401),
    "edit_me": (401, 200, 200, 200, 200, 401, 401),
    "erase_me": (401, 204, 204, 204, 204, 401, 401),
    "export_me": (401, 200, 200, 200, 200, 401, 401),
    "list_users": (401, 403, 403, 200, 200, 401, 401),
    "create_user": (401, 403, 403, 403, 201, 401, 401),
    "get_user": (401, 404, 200, 200, 200, 401, 401),
    "edit_user_by_put": (401, 404, 200, 403, 200, 401, 401),
    "edit_user_by_patch": (401, 404, 200, 403, 200, 401, 401),
    "delete_user": (401, 404, 403, 403, 204, 401, 401),
    "list_audit_events": (401, 403, 403, 403, 200, 401, 401),
    "get_health": (200, 200, 200, 200, 200, 200, 200),
    "get_readiness": (200, 200, 200, 200, 200, 200, 200),
    "get_metrics": (200, 200, 200, 200, 200, 200, 200),
}
READ_FOR: Final = {
    "list_tasks": (401, 404, 200, 200, 200, 401, 401),
    "get_statistics": (401, 404, 200, 200, 200, 401, 401),
    "get_task": (401, 404, 200, 200, 200, 401, 401),
    "list_tags": (401, 404, 200, 200, 200, 401, 401),
    "list_history": (401, 404, 200, 200, 200, 401, 401),
    "list_files": (401, 404, 200, 200, 200, 401, 401),
    "get_file": (401, 404, 200, 200, 200, 401, 401),
    "get_file_content": (401, 404, 200, 200, 200, 401, 401),
}
"""Operations with `owner_id` of the owner."""

FOREIGN: Final[list[tuple[str, str, Json | None]]] = [
    ("GET", f"{USERS}/{{id}}", None),
    ("PATCH", f"{USERS}/{{id}}", {"full_name": "Mine"}),
    ("PUT", f"{USERS}/{{id}}", {"role": "admin"}),
    ("DELETE", f"{USERS}/{{id}}", None),
    ("GET", f"{TASKS}?owner_id={{id}}", None),
    ("GET", f"{TASKS}?owner_id={{id}}&search=plants", None),
    ("GET", f"{STATISTICS}?owner_id={{id}}", None),
    ("GET", f"{TAGS}?owner_id={{id}}", None),
    ("GET", f"{FILES}?owner_id={{id}}", None),
]


@pytest.fixture
async def world(connect: Connect, container: Container) -> World:
    await promote(
        container, await sign_up(connect(), "keeper"), Role.ADMIN
    )  # another admin, so that none of the others is the last one
    return World(connect, container)


def test_every_operation_has_a_row(conventions: Conventions) -> None:
    operations = {operation["operationId"]: operation for _, _, operation in conventions.operations}
    assert set(TABLE) == set(operations)
    takes_owner = {
        name
        for name, operation in operations.items()
        if any(parameter["name"] == "owner_id" for parameter in operation.get("parameters", []))
    }
    assert set(READ_FOR) == takes_owner


@in_memory
@pytest.mark.parametrize("operation_id", TABLE)
async def test_each_caller_may_do_what_the_table_says(
    world: World, conventions: Conventions, operation_id: str, subtests: pytest.Subtests
) -> None:
    for kind, expected in zip(CALLERS, TABLE[operation_id], strict=True):
        with subtests.test(kind):
            client = await world.caller(kind)
            assert (await world.call(client, conventions, operation_id)).status_code == expected


@in_memory
@pytest.mark.parametrize("operation_id", READ_FOR)
async def test_managers_and_admins_read_data_of_other_users_by_owner_id(
    world: World, conventions: Conventions, operation_id: str, subtests: pytest.Subtests
) -> None:
    for kind, expected in zip(CALLERS, READ_FOR[operation_id], strict=True):
        with subtests.test(kind):
            client = await world.caller(kind)
            response = await world.call(client, conventions, operation_id, owner_id=world.account["id"])
            assert response.status_code == expected
            if response.status_code == 200:
                mine = await world.call(world.owner, conventions, operation_id)
                assert response.content == mine.content


async def test_another_user_looks_like_an_unknown_user(
    ann: AsyncClient, ben: AsyncClient, subtests: pytest.Subtests
) -> None:
    before, task = await account_of(ann), await create(ann, tags=["home"])
    for method, template, body in FOREIGN:
        with subtests.test(f"{method} {template}"):
            foreign, unknown = [
                await ben.request(method, template.format(id=id), json=body) for id in (before["id"], UNKNOWN)
            ]
            assert foreign.status_code == 404
            assert foreign.json()["error_code"] == "USER_NOT_FOUND"
            assert anonymised(foreign) == anonymised(unknown)
    assert (await account_of(ann), await get(ann, task)) == (before, task)


async def test_tasks_and_sessions_of_other_users_look_unknown(ann: AsyncClient, ben: AsyncClient) -> None:
    task, account = await create(ann), await account_of(ann)
    (session,) = (await ann.get("/api/v1/auth/sessions")).json()["items"]
    for template, foreign, unknown in (
        (f"{path_of(task)}?owner_id={{}}", account["id"], UNKNOWN),
        (f"{TASKS}/{{}}?owner_id={account['id']}", task["id"], UNKNOWN),
    ):
        responses = [await ben.get(template.format(id)) for id in (foreign, unknown)]
        assert {response.status_code for response in responses} == {404}
        assert anonymised(responses[0]) == anonymised(responses[1])
    ended = [await ben.delete(f"/api/v1/auth/sessions/{id}") for id in (session["id"], UNKNOWN)]
    assert ended[0].json()["error_code"] == "SESSION_NOT_FOUND"
    assert anonymised(ended[0]) == anonymised(ended[1])
    assert (await ann.get(ME)).status_code == 200


async def test_writing_operations_accept_no_owner_id(
    ann: AsyncClient, ada: AsyncClient, conventions: Conventions
) -> None:
    task, owner_id = await create(ann, tags=["home"]), (await account_of(ann))["id"]
    file = await upload(ann)
    for method, template, _ in conventions.operations:
        if method != "GET" and re.match(r"/api/v1/(tasks|tags|files)", template):
            path = template.format(task_id=task["id"], tag="home", file_id=file["id"])
            assert (await ada.request(method, path, params={"owner_id": owner_id})).status_code == 422
    assert (await ada.post(TASKS, json={"title": "x", "owner_id": owner_id})).status_code == 422
    assert await get(ann, task) == task


async def test_a_malformed_owner_id_is_refused(ada: AsyncClient, ben: AsyncClient) -> None:
    for client in (ada, ben):
        assert (await client.get(TASKS, params={"owner_id": "no-uuid"})).status_code == 422
    assert (await ada.get(TASKS, params={"owner_id": UNKNOWN})).json()["error_code"] == "USER_NOT_FOUND"
