"""Steps that tests over HTTP share."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from domain.identity.user import Role, UserId
from entrypoints.wiring.container import Container
from tests.support.builders import AN_ADMIN, NOW

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
"""An id that does not exist."""

Json = dict[str, Any]

in_memory: Final = pytest.mark.parametrize("storage_settings", ["memory"], indirect=True)
"""Marks tests that do not depend on the kind of storage."""


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
    """Log the client in and return it."""
    response = await client.post(LOGIN, json={"username": username, "password": PASSWORD})
    assert response.status_code == 200, response.text
    client.headers["Authorization"] = f"Bearer {response.json()['access_token']}"
    return client


async def sign_up(client: AsyncClient, username: str, **fields: Any) -> AsyncClient:
    response = await client.post(REGISTER, json=an_account(username, **fields))
    assert response.status_code == 201, response.text
    return await log_in(client, username)


async def tokens_of(client: AsyncClient, username: str, password: str = PASSWORD) -> Json:
    """Log in and return the tokens of the new session."""
    response = await client.post(LOGIN, json={"username": username, "password": password})
    assert response.status_code == 200, response.text
    tokens: Json = response.json()
    return tokens


def bearer(tokens: Json) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def account_of(client: AsyncClient) -> Json:
    response = await client.get(ME)
    assert response.status_code == 200, response.text
    account: Json = response.json()
    return account


async def promote(container: Container, client: AsyncClient, role: Role) -> AsyncClient:
    """Give the user of the client a role, log in again, and return the client."""
    account = await account_of(client)
    await container.services().users.edit(AN_ADMIN, UserId(UUID(account["id"])), role=role)
    return client


async def create(client: AsyncClient, title: str = "Water the plants", **fields: Any) -> Json:
    response = await client.post(TASKS, json={"title": title, **fields})
    assert response.status_code == 201, response.text
    task: Json = response.json()
    return task


async def create_all(client: AsyncClient, *tasks: Json) -> list[Json]:
    response = await client.post(BULK, json={"tasks": tasks})
    assert response.status_code == 201, response.text
    items: list[Json] = response.json()["items"]
    return items


async def upload(client: AsyncClient, filename: str = "notes.txt", content: bytes = b"hello", **fields: str) -> Json:
    response = await client.post(FILES, files={"file": (filename, content)}, data=fields)
    assert response.status_code == 201, response.text
    file: Json = response.json()
    return file


async def content_of(client: AsyncClient, file: Json, **request: Any) -> Response:
    return await client.get(f"{FILES}/{file['id']}/content", **request)


def path_of(task: Json) -> str:
    return f"{TASKS}/{task['id']}"


async def get(client: AsyncClient, task: Json) -> Json:
    """Return the current state of a task."""
    response = await client.get(path_of(task))
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


async def titles(client: AsyncClient, **query: Any) -> list[str]:
    """Return the titles of the first page."""
    response = await client.get(TASKS, params=query)
    assert response.status_code == 200, response.text
    return [task["title"] for task in response.json()["items"]]


def breaches(response: Response) -> set[tuple[str | int, ...]]:
    """Return the locations in a validation error."""
    assert response.status_code == 422, response.text
    return {tuple(error["loc"]) for error in response.json()["errors"]}


def anonymised(response: Response) -> bytes:
    """Return the body without the request id and the path."""
    body = response.content
    url = response.request.url
    for own in (response.headers["X-Request-ID"].encode(), url.raw_path, url.path.encode()):
        body = body.replace(own, b"")
    headers = sorted(
        item for item in response.headers.multi_items() if item[0] not in {"x-request-id", "content-length"}
    )
    return repr((response.status_code, headers)).encode() + body
