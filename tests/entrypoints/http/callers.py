"""All kinds of callers, and the data that they access."""

from typing import Any, Final
from uuid import UUID

from httpx2 import AsyncClient, Response

from adapters.system.ids import new_id
from application.jobs.ports import Job, JobId
from domain.identity.user import Role, UserId
from entrypoints.wiring.container import Container
from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.conventions import Conventions
from tests.entrypoints.http.given import (
    LOGOUT,
    PASSWORD,
    USERS,
    Json,
    account_of,
    an_account,
    create,
    promote,
    sign_up,
    tokens_of,
    upload,
)
from tests.support.builders import NOW

CALLERS: Final = ("anonymous", "stranger", "owner", "manager", "admin", "ended", "deactivated")
"""The last two are former admins: one is logged out, the other is deactivated."""


class World:
    """For each kind of caller: the caller, and an owner with a task, a tag, a file, a job and a session."""

    def __init__(self, connect: Connect, container: Container) -> None:
        self._connect, self._container = connect, container

    async def caller(self, kind: str) -> AsyncClient:
        self.owner = await sign_up(self._connect(), f"owner-{kind}")
        self.account = await account_of(self.owner)
        self.task = await create(self.owner, tags=["home"])
        self.file = await upload(self.owner)
        self.tokens = await tokens_of(self.owner, f"owner-{kind}")
        (self.session,) = [one for one in await self._sessions() if not one["is_current"]]
        if kind == "owner":
            return self.owner
        client = self._connect()
        if kind == "anonymous":
            return client
        await sign_up(client, kind)
        if kind != "stranger":
            await promote(self._container, client, Role.MANAGER if kind == "manager" else Role.ADMIN)
        if kind == "ended":
            assert (await client.post(LOGOUT)).status_code == 204
        if kind == "deactivated":
            other = await promote(self._container, await sign_up(self._connect(), "other"), Role.ADMIN)
            path = f"{USERS}/{(await account_of(client))['id']}"
            assert (await other.patch(path, json={"is_active": False})).status_code == 200
        return client

    async def _sessions(self) -> list[Json]:
        items: list[Json] = (await self.owner.get("/api/v1/auth/sessions")).json()["items"]
        return items

    async def _request_job(self) -> str:
        """Queue a job as a request of the owner would, and return its id."""
        job = Job(
            id=JobId(new_id()),
            kind="example",
            requester_id=UserId(UUID(self.account["id"])),
            created_at=NOW,
        )
        async with self._container.storage().unit_of_work() as uow:
            await uow.jobs.add(job)
            await uow.commit()
        return str(job.id)

    async def call(self, client: AsyncClient, conventions: Conventions, operation_id: str, **query: str) -> Response:
        method, template = next((m, p) for m, p, o in conventions.operations if o["operationId"] == operation_id)
        ids = {"task_id": self.task["id"], "user_id": self.account["id"], "session_id": self.session["id"]}
        ids |= {"file_id": self.file["id"], "job_id": await self._request_job()}
        path = template.format(**ids, tag="home")
        return await client.request(method, path, params=query, **self._body(operation_id))

    def _body(self, operation_id: str) -> dict[str, Any]:
        login = {"username": self.account["username"], "password": PASSWORD}
        many = {"task_ids": [self.task["id"]]}
        match operation_id:
            case "create_task" | "edit_task_by_put" | "edit_task_by_patch":
                return {"json": {"title": "Changed"}}
            case "create_tasks":
                return {"json": {"tasks": [{"title": "One"}]}}
            case "edit_tasks":
                return {"json": {**many, "updates": {"title": "Changed"}}}
            case "delete_tasks":
                return {"json": many}
            case "upload_file":
                return {"files": {"file": ("more.txt", b"hello")}}
            case "add_tags":
                return {"json": ["work"]}
            case "rename_tag":
                return {"json": {"name": "house"}}
            case "register" | "create_user":
                return {"json": an_account(f"newcomer-{self.account['username']}")}
            case "log_in" | "log_in_by_cookie":
                return {"json": login}
            case "log_in_by_form":
                return {"data": login}
            case "refresh":
                return {"json": {"refresh_token": self.tokens["refresh_token"]}}
            case "change_password":
                return {"json": {"current_password": PASSWORD, "new_password": "Another-Horse-8"}}
            case "request_password_reset":
                return {"json": {"email": self.account["email"]}}
            case "reset_password":
                return {"json": {"token": "guessed", "new_password": "Another-Horse-8"}}
            case "erase_me":
                return {"json": {"password": PASSWORD}}
            case "edit_me" | "edit_user_by_put" | "edit_user_by_patch":
                return {"json": {"full_name": "Changed"}}
        return {}
