"""Responses while the storage is unreachable or busy, and after a race that is lost until the time limit."""

import re
from base64 import urlsafe_b64encode
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

import pytest
from dependency_injector import providers
from httpx2 import AsyncClient

from adapters.memory.storage import InMemoryStorage
from application.identity.security import AccessTokens, Claims
from application.platform.events import EventDispatcher
from application.platform.unit_of_work import StorageContention, StorageUnavailable, TransientStorageError
from application.storage import Storage, UnitOfWork
from domain.errors import StaleTask
from domain.identity.session import SessionId
from domain.identity.user import UserId
from entrypoints.wiring.container import Container
from tests.entrypoints.http.conventions import Conventions
from tests.entrypoints.http.given import (
    BULK,
    CONFIRM,
    LOGIN,
    LOGIN_COOKIE,
    LOGIN_FORM,
    PASSWORD,
    REFRESH,
    REGISTER,
    RESET,
    TAGS,
    TASKS,
    UNKNOWN,
    SettableClock,
    an_account,
    in_memory,
)

pytestmark = in_memory

BODIES: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("POST", REGISTER): {"json": an_account()},
    ("POST", LOGIN): {"json": {"username": "ann", "password": PASSWORD}},
    ("POST", LOGIN_FORM): {"data": {"username": "ann", "password": PASSWORD}},
    ("POST", LOGIN_COOKIE): {"json": {"username": "ann", "password": PASSWORD}},
    ("POST", REFRESH): {"json": {"refresh_token": urlsafe_b64encode(bytes(64)).decode().rstrip("=")}},
    ("POST", RESET): {"json": {"email": "ann@example.com"}},
    ("POST", CONFIRM): {"json": {"token": urlsafe_b64encode(bytes(48)).decode().rstrip("="), "new_password": PASSWORD}},
}
"""Request bodies of operations without authentication. All other operations read the session from the storage."""

UNKNOWN_CALLER: Final = Claims(UserId(UUID(UNKNOWN)), SessionId(UUID(UNKNOWN)))


class FailingStorage:
    """A storage that opens and then fails."""

    is_process_local = True
    migrator = None
    copier = None

    def __init__(self, error: Exception) -> None:
        self._error = error

    def unit_of_work(self, dispatcher: EventDispatcher | None = None) -> UnitOfWork:
        raise self._error

    async def check(self) -> None:
        raise self._error


class ContendedStorage(FailingStorage):
    """A storage in which every commit loses its race while `is_contended` is true."""

    is_contended = False

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self._storage = InMemoryStorage()

    def unit_of_work(self, dispatcher: EventDispatcher | None = None) -> UnitOfWork:
        unit = self._storage.unit_of_work(dispatcher)
        return LosingUnitOfWork(unit, self._error) if self.is_contended else unit


class LosingUnitOfWork:
    def __init__(self, unit: UnitOfWork, error: Exception) -> None:
        self._unit = unit
        self._error = error
        self.tasks, self.history, self.counters = unit.tasks, unit.history, unit.counters
        self.files, self.idempotency = unit.files, unit.idempotency
        self.file_store_id = unit.file_store_id
        self.users, self.jobs = unit.users, unit.jobs
        self.sessions, self.reset_tokens = unit.sessions, unit.reset_tokens
        self.audit_events = unit.audit_events
        self.add_event = unit.add_event

    async def commit(self) -> None:
        raise self._error

    async def __aenter__(self) -> Self:
        await self._unit.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._unit.__aexit__(kind, error, traceback)


def bearer(container: Container, clock: SettableClock) -> dict[str, str]:
    tokens: AccessTokens = container.tokens()
    return {"Authorization": f"Bearer {tokens.issue(UNKNOWN_CALLER, clock.now()).text}"}


@pytest.fixture
def container(container: Container, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Container:
    """A container whose requests have no time for a second attempt."""
    monkeypatch.setattr("entrypoints.http.middleware.response.REQUEST_SECONDS", 0.0)
    container.storage.override(providers.Object(storage))
    return container


class TestUnreachableStorage:
    @pytest.fixture(
        params=[StorageUnavailable("postgresql://admin:canary@10.0.0.1"), TransientStorageError("canary")],
        ids=["unavailable", "transient errors in every attempt"],
    )
    def storage(self, request: pytest.FixtureRequest) -> Storage:
        return FailingStorage(request.param)

    async def test_every_operation_returns_503(
        self,
        client: AsyncClient,
        container: Container,
        clock: SettableClock,
        conventions: Conventions,
        subtests: pytest.Subtests,
    ) -> None:
        client.headers |= bearer(container, clock)
        for method, template, _ in conventions.operations:
            if template in {"/health", "/monitoring/metrics", "/monitoring/health"}:
                continue  # readiness has a response of its own
            with subtests.test(f"{method} {template}"):
                path = re.sub(r"{\w+_id}", UNKNOWN, template).replace("{tag}", "home")
                response = await client.request(method, path, **BODIES.get((method, template), {}))
                assert response.status_code == 503
                assert response.json()["error_code"] == "SERVICE_UNAVAILABLE"
                assert int(response.headers["Retry-After"]) >= 1
                assert response.json()["detail"] == "the service cannot reach its storage; try again"
                for word in ("canary", "10.0.0.1", "Traceback", "postgres"):
                    assert word not in response.text

    async def test_operations_without_storage_still_work(self, client: AsyncClient) -> None:
        assert (await client.get("/health")).json() == {"status": "healthy"}
        assert (await client.get("/monitoring/metrics")).status_code == 200
        assert (await client.get("/docs")).status_code == 200
        assert (await client.get("/openapi.json")).status_code == 200
        assert (await client.get(TASKS)).status_code == 401
        assert (await client.get(TASKS, headers={"Authorization": "Bearer forged"})).status_code == 401
        assert (await client.post(LOGIN, json={})).status_code == 422
        assert (await client.get("/api/v1/nothing")).status_code == 404


@pytest.mark.parametrize(
    ("storage", "status", "code"),
    [
        (ContendedStorage(StaleTask()), 409, "CONFLICT"),
        (ContendedStorage(StorageContention("deadlock")), 503, "SERVICE_UNAVAILABLE"),
    ],
    ids=["stale", "deadlock"],
)
async def test_a_race_lost_until_the_time_limit_returns_409_and_changes_nothing(
    ann: AsyncClient, storage: ContendedStorage, status: int, code: str, subtests: pytest.Subtests
) -> None:
    task = (await ann.post(TASKS, json={"title": "Before", "tags": ["home"]})).json()
    one, many = f"{TASKS}/{task['id']}", {"task_ids": [task["id"]]}
    storage.is_contended = True
    for method, path, body in (
        ("PATCH", one, {"title": "After"}),
        ("PUT", one, {"title": "After"}),
        ("DELETE", one, None),
        ("POST", f"{one}/tags", ["work"]),
        ("DELETE", f"{one}/tags/home", None),
        ("PATCH", BULK, {**many, "updates": {"title": "After"}}),
        ("DELETE", BULK, many),
        ("PATCH", f"{TAGS}/home", {"name": "house"}),
        ("DELETE", f"{TAGS}/home", None),
    ):
        with subtests.test(f"{method} {path}"):
            response = await ann.request(method, path, json=body)
            assert response.status_code == status
            assert response.json()["error_code"] == code
            assert ("busy" in response.json()["detail"]) == (status == 503)
    storage.is_contended = False
    assert (await ann.get(one)).json() == task
