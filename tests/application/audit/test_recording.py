from collections.abc import Iterator
from itertools import repeat
from typing import Final
from uuid import UUID, uuid4

import pytest

from adapters.memory.storage import InMemoryStorage
from application.audit.origin import Origin, running_for
from application.audit.refusals import MAX_IDS, MAX_REFUSALS
from application.identity.registration import CreateUser
from application.platform.paging import Window
from application.platform.unit_of_work import StorageUnavailable
from domain.audit.audit_event import AuditEvent, Source
from domain.audit.audit_query import AuditFilter
from domain.errors import (
    Forbidden,
    InvalidCredentials,
    NotFound,
    RefreshTokenReused,
    TagNotFound,
    TaskNotFound,
    TasksNotFound,
    WrongPassword,
)
from domain.identity.user import Role
from tests.application.faults import FaultyStorage
from tests.support.accounts import OTHER, PASSWORD, an_actor, logged_in, registered, session_of
from tests.support.builders import ANN, BEN, acting, new_task_id
from tests.support.stubs import SettableClock
from tests.support.world import World

ORIGIN: Final = Origin(
    source=Source.REQUEST, correlation_id=UUID(int=1), request_id="by-the-client", ip_address="2001:db8::1"
)


async def test_events_that_may_be_part_of_an_attack_are_warnings(world: World) -> None:
    kim = await registered(world)
    login = await logged_in(world)
    with pytest.raises(InvalidCredentials):
        await logged_in(world, password=OTHER)
    for refused in (
        world.passwords.change(acting(kim.id), session_of(login), OTHER, OTHER),
        world.users.edit(acting(kim.id), kim.id, email="new@example.com", current_password=OTHER),
        world.accounts.erase(acting(kim.id), OTHER),
    ):
        with pytest.raises(WrongPassword):
            await refused
    await world.sessions.refresh(login.refresh_token.text)
    with pytest.raises(RefreshTokenReused):
        await world.sessions.refresh(login.refresh_token.text)

    refusals = {"login_failed", "password_change_refused", "email_change_refused", "erasure_refused"}
    assert world.audit.warnings == refusals | {"refresh_token_reused"}
    assert all(details["user_id"] == kim.id for name, details in world.audit.events if name in world.audit.warnings)


async def test_events_name_the_actor_and_the_values_before_and_after_without_personal_data(world: World) -> None:
    boss, kim = await an_actor(world, "boss", Role.ADMIN), await registered(world)
    created = await world.users.create(
        boss, CreateUser(username="lee", email="lee@example.com", password=PASSWORD, is_active=False)
    )
    await world.users.edit(boss, kim.id, role=Role.MANAGER, is_active=False, full_name="Kim", email="new@example.com")
    await world.users.delete(boss, kim.id)

    assert [event for event in world.audit.events if event[1].get("actor_id") == boss.user_id] == [
        (
            "user_registered",
            {
                "user_id": created.id,
                "actor_id": boss.user_id,
                "role": Role.USER,
                "new": {"role": Role.USER, "is_active": False, "timezone": "UTC"},
            },
        ),
        (
            "user_changed",
            {
                "user_id": kim.id,
                "actor_id": boss.user_id,
                "fields": ["email", "full_name", "is_active", "role"],
                "old": {"is_active": True, "role": Role.USER},
                "new": {"is_active": False, "role": Role.MANAGER},
            },
        ),
        (
            "role_changed",
            {
                "user_id": kim.id,
                "actor_id": boss.user_id,
                "old": {"role": Role.USER},
                "new": {"role": Role.MANAGER},
            },
        ),
        (
            "user_erased",
            {
                "user_id": kim.id,
                "actor_id": boss.user_id,
                "old": {"role": Role.MANAGER, "is_active": False, "timezone": "UTC"},
            },
        ),
    ]


async def rows(storage: InMemoryStorage) -> list[AuditEvent]:
    """Return all stored events, oldest first."""
    async with storage.unit_of_work() as uow:
        return (await uow.audit_events.find(AuditFilter(), Window(limit=100))).items[::-1]


async def test_the_log_and_the_rows_contain_the_same_events(storage: InMemoryStorage, clock: SettableClock) -> None:
    world = World(storage, clock)
    await registered(world)
    with running_for(lambda: ORIGIN):
        with pytest.raises(InvalidCredentials):
            await logged_in(world, password=OTHER)
        login = await logged_in(world)
    await world.sessions.revoke_all(acting(login.user.id))

    stored = await rows(storage)
    assert world.audit.records == stored
    assert [event.name for event in stored] == ["user_registered", "login_failed", "login", "sessions_ended"]
    assert [event.correlation_id for event in stored] == [None, ORIGIN.correlation_id, ORIGIN.correlation_id, None]
    failed = stored[1]
    assert (failed.at, failed.user_id, failed.actor_id) == (clock.time, login.user.id, None)
    assert (failed.source, failed.request_id, failed.ip_address) == (Source.REQUEST, "by-the-client", "2001:db8::1")


async def test_a_refusal_that_cannot_be_stored_is_logged_and_the_caller_gets_the_same_error(
    storage: InMemoryStorage, clock: SettableClock
) -> None:
    await registered(World(storage, clock))
    faults: Iterator[Exception | None] = iter([StorageUnavailable()])
    world = World(FaultyStorage(storage, faults, has_committed=False), clock, 1 << 20)
    with pytest.raises(InvalidCredentials):
        await logged_in(world, password=OTHER)

    assert world.audit.names == ["login_failed"]
    assert [event.name for event in await rows(storage)] == ["user_registered"]


@pytest.mark.parametrize("login", ["kim", "unknown"])
async def test_a_failed_login_costs_the_same_for_known_and_unknown_users(
    storage: InMemoryStorage, clock: SettableClock, login: str
) -> None:
    await registered(World(storage, clock))
    counting = FaultyStorage(storage, repeat(None), has_committed=False)
    with pytest.raises(InvalidCredentials):
        await logged_in(World(counting, clock, 1 << 20), login, password=OTHER)

    assert counting.commits == 1
    assert [event.name for event in await rows(storage)] == ["user_registered", "login_failed"]


async def test_ids_that_the_caller_does_not_own_are_recorded_as_a_warning(world: World) -> None:
    ids = (new_task_id(), new_task_id())
    await world.services.refusals.record(ANN, TasksNotFound([ids[0], uuid4(), ids[1]]), "GET /tasks")

    details = {"actor_id": ANN, "user_id": ANN, "error": "TASK_NOT_FOUND", "ids": f"{ids[0]} {ids[1]}"}
    assert world.audit.events == [("unknown_id_requested", details)]
    assert world.audit.warnings == {"unknown_id_requested"}


@pytest.mark.parametrize(
    "error", [TaskNotFound(ids=[uuid4()]), TaskNotFound(), TagNotFound(), WrongPassword()], ids=repr
)
async def test_other_refusals_are_not_recorded(world: World, error: NotFound | Forbidden) -> None:
    await world.services.refusals.record(ANN, error, "GET /tasks")
    assert world.audit.events == []


async def test_a_user_cannot_fill_the_table_with_refusals(world: World, storage: InMemoryStorage) -> None:
    for _ in range(MAX_REFUSALS.amount + 5):
        await world.services.refusals.record(ANN, TasksNotFound([new_task_id() for _ in range(100)]), "GET /tasks")
        await world.services.refusals.record(ANN, Forbidden("no"), "GET /users")
    await world.services.refusals.record(BEN, Forbidden("no"), "GET /users")

    assert world.audit.names.count("unknown_id_requested") == MAX_REFUSALS.amount
    assert world.audit.names.count("request_forbidden") == MAX_REFUSALS.amount + 1
    assert max(len(str(details.get("ids"))) for _, details in world.audit.events) < MAX_IDS * 37
