import asyncio
from collections.abc import Awaitable, Callable

import pytest

from application.identity.accounts import RegisterUser
from domain.errors import (
    EmailTaken,
    InvalidEmail,
    LastAdmin,
    PreconditionFailed,
    UsernameTaken,
    UserNotFound,
    WeakPassword,
    WrongPassword,
)
from domain.identity.actor import Actor
from domain.identity.user import Role, User
from tests.application.given import OTHER, PASSWORD, logged_in, registered
from tests.support.world import World

Lose = Callable[[World, User], Awaitable[object]]

ROADS: dict[str, Lose] = {
    "demoted": lambda world, admin: world.users.edit(Actor.of(admin), admin.id, role=Role.MANAGER),
    "deactivated": lambda world, admin: world.users.edit(Actor.of(admin), admin.id, is_active=False),
    "both": lambda world, admin: world.accounts.edit(admin.id, role=Role.USER, is_active=False),
    "erased": lambda world, admin: world.accounts.erase(admin.id, PASSWORD),
    "deleted": lambda world, admin: world.users.delete(Actor.of(admin), admin.id),
}


async def test_who_registers_gets_an_account_and_a_mail_of_welcome(world: World) -> None:
    kim = await registered(world)

    assert await world.accounts.profile(kim.id) == kim
    await world.work()
    (mail,) = world.mailbox.mails
    assert mail.to == "kim@example.com" and "kim" in mail.text and PASSWORD not in mail.text
    await logged_in(world)


@pytest.mark.parametrize(
    ("username", "email", "password", "refusal"),
    [
        ("KIM", "new@example.com", PASSWORD, UsernameTaken),
        ("new", "KIM@example.com", PASSWORD, EmailTaken),
        ("new", "new@example.com", "weak", WeakPassword),
        ("new", "nowhere", PASSWORD, InvalidEmail),
        ("Correct", "new@example.com", PASSWORD, WeakPassword),
    ],
)
async def test_a_refused_registration_makes_no_account_and_sends_no_mail(
    world: World, username: str, email: str, password: str, refusal: type[Exception]
) -> None:
    await registered(world)
    with pytest.raises(refusal):
        await world.accounts.register(RegisterUser(username=username, email=email, password=password))

    await world.work()
    assert len(world.mailbox.mails) == 1
    async with world.storage.unit_of_work() as uow:
        assert await uow.users.find_by_login("new") is None


async def test_an_edit_is_stored_unless_it_changes_nothing(world: World) -> None:
    kim = await registered(world)
    edited = await world.accounts.edit(kim.id, full_name="Kim", email="new@example.com", versions=frozenset({1}))
    assert (edited.version, edited.full_name, edited.email) == (2, "Kim", "new@example.com")
    assert await world.accounts.edit(kim.id, full_name="Kim") == edited
    with pytest.raises(PreconditionFailed):
        await world.accounts.edit(kim.id, full_name="Lee", versions=frozenset({1}))
    with pytest.raises(PreconditionFailed):
        await world.accounts.remove(kim.id, versions=frozenset({1}))

    assert await world.accounts.profile(kim.id) == edited
    assert world.audit.names.count("user_changed") == 1


async def test_parallel_edits_lose_nothing(world: World) -> None:
    kim = await registered(world)
    await asyncio.gather(
        world.accounts.edit(kim.id, full_name="Kim"),
        world.accounts.edit(kim.id, timezone="Asia/Seoul"),
        world.accounts.edit(kim.id, email="new@example.com"),
    )

    stored = await world.accounts.profile(kim.id)
    assert (stored.full_name, stored.timezone, stored.email) == ("Kim", "Asia/Seoul", "new@example.com")
    assert stored.version == 4


async def test_an_account_is_erased_by_who_knows_its_password(world: World) -> None:
    kim = await registered(world)
    with pytest.raises(WrongPassword):
        await world.accounts.erase(kim.id, OTHER)
    assert await world.accounts.profile(kim.id) == kim

    await world.accounts.erase(kim.id, PASSWORD)
    with pytest.raises(UserNotFound):
        await world.accounts.profile(kim.id)
    assert world.audit.names[-2:] == ["erasure_refused", "user_erased"]
    await registered(world)


@pytest.mark.parametrize("lose", ROADS.values(), ids=ROADS)
async def test_the_last_active_admin_stays_one_by_every_road(world: World, lose: Lose) -> None:
    admin = await registered(world, "admin", Role.ADMIN)
    await registered(world, "off", Role.ADMIN, is_active=False)
    with pytest.raises(LastAdmin):
        await lose(world, admin)
    assert await world.accounts.profile(admin.id) == admin

    await registered(world, "other", Role.ADMIN)
    await lose(world, admin)


@pytest.mark.parametrize("lose", ROADS.values(), ids=ROADS)
async def test_of_admins_who_all_leave_at_once_one_stays(world: World, lose: Lose) -> None:
    admins = [await registered(world, f"admin-{n}", Role.ADMIN) for n in range(5)]
    outcomes = await asyncio.gather(*(lose(world, admin) for admin in admins), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes].count(LastAdmin) == 1
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] != outcomes
    async with world.storage.unit_of_work() as uow:
        assert await uow.users.count_active_admins() == 1


async def test_the_last_admin_may_be_edited_in_other_ways(world: World) -> None:
    admin = await registered(world, "admin", Role.ADMIN)
    edited = await world.accounts.edit(admin.id, full_name="Still", role=Role.ADMIN, is_active=True)

    assert (edited.full_name, edited.is_active_admin) == ("Still", True)
