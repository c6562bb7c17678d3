from uuid import uuid4

import pytest

from application.identity.registration import CreateUser
from application.platform.audit import ProbeRecorder
from domain.errors import (
    InvalidCredentials,
    RefreshTokenReused,
    TagNotFound,
    TaskNotFound,
    TasksNotFound,
    WrongPassword,
)
from domain.identity.user import Role
from tests.support.accounts import OTHER, PASSWORD, an_actor, logged_in, registered, session_of
from tests.support.builders import ANN, acting, new_task_id
from tests.support.stubs import AuditTrail
from tests.support.world import World


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


def test_ids_that_the_caller_does_not_own_are_recorded_as_a_warning() -> None:
    audit, ids = AuditTrail(), (new_task_id(), new_task_id())
    ProbeRecorder(audit).record(ANN, TasksNotFound([ids[0], uuid4(), ids[1]]))

    details = {"actor_id": ANN, "user_id": ANN, "error": "TASK_NOT_FOUND", "ids": f"{ids[0]} {ids[1]}"}
    assert audit.events == [("unknown_id_requested", details)]
    assert audit.warnings == {"unknown_id_requested"}


@pytest.mark.parametrize("error", [TaskNotFound(ids=[uuid4()]), TaskNotFound(), TagNotFound()])
def test_ids_that_the_service_cannot_have_created_are_not_recorded(error: TaskNotFound | TagNotFound) -> None:
    audit = AuditTrail()
    ProbeRecorder(audit).record(ANN, error)
    assert audit.events == []
