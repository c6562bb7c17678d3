"""Steps that the tests over HTTP share."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from domain.identity.user import Role, UserId
from entrypoints.wiring.container import Container
from tests.support.builders import NOW

SECRET_KEY: Final = "a key for tests, longer than 64 bytes so that every HMAC would take it"
PASSWORD: Final = "Correct-Horse-7"

REGISTER: Final = "/api/v1/auth/register"
LOGIN: Final = "/api/v1/auth/login"
LOGIN_FORM: Final = "/api/v1/auth/login/access-token"
LOGIN_COOKIE: Final = "/api/v1/auth/login/cookie"
REFRESH: Final = "/api/v1/auth/refresh"
LOGOUT: Final = "/api/v1/auth/logout"
LOGOUT_ALL: Final = "/api/v1/auth/logout/all"
SESSIONS: Final = "/api/v1/auth/sessions"
CHANGE_PASSWORD: Final = "/api/v1/auth/password"
RESET: Final = "/api/v1/auth/password-reset"
CONFIRM: Final = "/api/v1/auth/password-reset/confirm"
USERS: Final = "/api/v1/users"
ME: Final = "/api/v1/users/me"
EXPORT: Final = "/api/v1/users/me/export"
TASKS: Final = "/api/v1/tasks"
BULK: Final = "/api/v1/tasks/bulk"
STATISTICS: Final = "/api/v1/tasks/statistics"
TAGS: Final = "/api/v1/tags"
FILES: Final = "/api/v1/files"

UNKNOWN: Final = "01900000-0000-7000-8000-000000000000"
"""The id of nothing."""

Json = dict[str, Any]

in_memory: Final = pytest.mark.parametrize("storage_settings", ["memory"], indirect=True)
"""For what no storage has a part in."""


@dataclass
class SettableClock:
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


def an_account(username: str = "carol", **fields: Any) -> Json:
    return {"username": username, "email": f"{username}@example.com", "password": PASSWORD, **fields}


async def log_in(client: AsyncClient, username: str) -> AsyncClient:
    """The same client, which from now on says who it is."""
    answer = await client.post(LOGIN, json={"username": username, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return client


async def sign_up(client: AsyncClient, username: str, **fields: Any) -> AsyncClient:
    answer = await client.post(REGISTER, json=an_account(username, **fields))
    assert answer.status_code == 201, answer.text
    return await log_in(client, username)


async def tokens_of(client: AsyncClient, username: str, password: str = PASSWORD) -> Json:
    """Of a new session."""
    answer = await client.post(LOGIN, json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    tokens: Json = answer.json()
    return tokens


def bearer(tokens: Json) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def account_of(client: AsyncClient) -> Json:
    answer = await client.get(ME)
    assert answer.status_code == 200, answer.text
    account: Json = answer.json()
    return account


async def promote(container: Container, client: AsyncClient, role: Role) -> AsyncClient:
    """The same client, as `task-manager users create --role` would have made it."""
    account = await account_of(client)
    await container.account_service().edit(UserId(UUID(account["id"])), role=role)
    return client


async def create(client: AsyncClient, title: str = "Water the plants", **fields: Any) -> Json:
    answer = await client.post(TASKS, json={"title": title, **fields})
    assert answer.status_code == 201, answer.text
    task: Json = answer.json()
    return task


async def create_all(client: AsyncClient, *tasks: Json) -> list[Json]:
    answer = await client.post(BULK, json={"tasks": tasks})
    assert answer.status_code == 201, answer.text
    items: list[Json] = answer.json()["items"]
    return items


async def upload(client: AsyncClient, filename: str = "notes.txt", content: bytes = b"hello", **fields: str) -> Json:
    answer = await client.post(FILES, files={"file": (filename, content)}, data=fields)
    assert answer.status_code == 201, answer.text
    file: Json = answer.json()
    return file


async def content_of(client: AsyncClient, file: Json, **request: Any) -> Response:
    return await client.get(f"{FILES}/{file['id']}/content", **request)


def path_of(task: Json) -> str:
    return f"{TASKS}/{task['id']}"


async def get(client: AsyncClient, task: Json) -> Json:
    """As it is now."""
    answer = await client.get(path_of(task))
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def titles(client: AsyncClient, **query: Any) -> list[str]:
    """Of the first page."""
    answer = await client.get(TASKS, params=query)
    assert answer.status_code == 200, answer.text
    return [task["title"] for task in answer.json()["items"]]


def breaches(answer: Response) -> set[tuple[str | int, ...]]:
    """The places that a validation error names."""
    assert answer.status_code == 422, answer.text
    return {tuple(error["loc"]) for error in answer.json()["errors"]}


def anonymised(answer: Response) -> bytes:
    """All of its bytes, without what names the request."""
    body = answer.content
    url = answer.request.url
    for own in (answer.headers["X-Request-ID"].encode(), url.raw_path, url.path.encode()):
        body = body.replace(own, b"")
    headers = sorted(item for item in answer.headers.multi_items() if item[0] not in {"x-request-id", "content-length"})
    return repr((answer.status_code, headers)).encode() + body
