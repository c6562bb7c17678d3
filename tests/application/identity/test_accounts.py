import asyncio
from collections.abc import Awaitable, Callable

import pytest

from application.identity.registration import RegisterUser
from domain.errors import (
    EmailTaken,
    InvalidCredentials,
    InvalidResetToken,
    LastAdmin,
    UsernameTaken,
    UserNotFound,
    WeakPassword,
    WrongPassword,
)
from domain.identity.actor import Actor
from domain.identity.user import Role, User
from domain.versions import PreconditionFailed, VersionMatch
from tests.support.accounts import OTHER, PASSWORD, logged_in, registered, session_of
from tests.support.builders import AN_ADMIN, acting
from tests.support.errors import raises_invalid
from tests.support.stubs import PlainHasher
from tests.support.world import World

Demote = Callable[[World, User], Awaitable[object]]

DEMOTIONS: dict[str, Demote] = {
    "demoted": lambda world, admin: world.users.edit(Actor.of(admin), admin.id, role=Role.MANAGER),
    "deactivated": lambda world, admin: world.users.edit(Actor.of(admin), admin.id, is_active=False),
    "both": lambda world, admin: world.users.edit(AN_ADMIN, admin.id, role=Role.USER, is_active=False),
    "erased": lambda world, admin: world.accounts.erase(acting(admin.id), PASSWORD),
    "deleted": lambda world, admin: world.users.delete(AN_ADMIN, admin.id),
}


async def test_a_registration_creates_an_account_and_sends_a_welcome_mail(world: World) -> None:
    kim = await registered(world)

    assert await world.users.get(AN_ADMIN, kim.id) == kim
    await world.work()
    (mail,) = world.mailbox.mails
    assert mail.to == "kim@example.com" and "kim" in mail.text and PASSWORD not in mail.text
    await logged_in(world)


@pytest.mark.parametrize(
    ("username", "email", "password", "expectation"),
    [
        ("KIM", "new@example.com", PASSWORD, pytest.raises(UsernameTaken)),
        ("new", "KIM@example.com", PASSWORD, pytest.raises(EmailTaken)),
        ("new", "new@example.com", "weak", pytest.raises(WeakPassword)),
        ("new", "nowhere", PASSWORD, raises_invalid("email", "invalid_email")),
        ("Correct", "new@example.com", PASSWORD, pytest.raises(WeakPassword)),
    ],
)
async def test_a_refused_registration_creates_no_account_and_sends_no_mail(
    world: World, username: str, email: str, password: str, expectation: pytest.RaisesExc[Exception]
) -> None:
    await registered(world)
    with expectation:
        await world.accounts.register(RegisterUser(username=username, email=email, password=password))

    await world.work()
    assert len(world.mailbox.mails) == 1
    async with world.storage.unit_of_work() as uow:
        assert await uow.users.find_by_login("new") is None


async def test_an_edit_is_stored_unless_it_changes_nothing(world: World) -> None:
    kim = await registered(world)
    edited = await world.users.edit(
        AN_ADMIN, kim.id, full_name="Kim", email="new@example.com", timezone="UTC", versions=VersionMatch.one_of(1)
    )
    assert (edited.version, edited.full_name, edited.email) == (2, "Kim", "new@example.com")
    assert await world.users.edit(AN_ADMIN, kim.id, full_name="Kim") == edited
    with pytest.raises(PreconditionFailed):
        await world.users.edit(AN_ADMIN, kim.id, full_name="Lee", versions=VersionMatch.one_of(1))
    with pytest.raises(PreconditionFailed):
        await world.users.delete(AN_ADMIN, kim.id, versions=VersionMatch.one_of(1))

    assert await world.users.get(AN_ADMIN, kim.id) == edited
    (recorded,) = [details for name, details in world.audit.events if name == "user_changed"]
    assert recorded["fields"] == ["email", "full_name"]


async def test_concurrent_edits_are_all_stored(world: World) -> None:
    kim = await registered(world)
    await asyncio.gather(
        world.users.edit(AN_ADMIN, kim.id, full_name="Kim"),
        world.users.edit(AN_ADMIN, kim.id, timezone="Asia/Seoul"),
        world.users.edit(AN_ADMIN, kim.id, email="new@example.com"),
    )

    stored = await world.users.get(AN_ADMIN, kim.id)
    assert (stored.full_name, stored.timezone, stored.email) == ("Kim", "Asia/Seoul", "new@example.com")
    assert stored.version == 4


async def test_erasing_an_account_requires_its_password(world: World) -> None:
    kim = await registered(world)
    with pytest.raises(WrongPassword):
        await world.accounts.erase(acting(kim.id), OTHER)
    assert await world.users.get(AN_ADMIN, kim.id) == kim

    await world.accounts.erase(acting(kim.id), PASSWORD)
    with pytest.raises(UserNotFound):
        await world.users.get(AN_ADMIN, kim.id)
    assert world.audit.names[-2:] == ["erasure_refused", "user_erased"]
    await registered(world)


@pytest.mark.parametrize("demote", DEMOTIONS.values(), ids=DEMOTIONS)
async def test_the_last_active_admin_cannot_be_demoted_or_removed(world: World, demote: Demote) -> None:
    admin = await registered(world, "admin", Role.ADMIN)
    await registered(world, "off", Role.ADMIN, is_active=False)
    with pytest.raises(LastAdmin):
        await demote(world, admin)
    assert await world.users.get(AN_ADMIN, admin.id) == admin

    await registered(world, "other", Role.ADMIN)
    await demote(world, admin)


@pytest.mark.parametrize("demote", DEMOTIONS.values(), ids=DEMOTIONS)
async def test_one_admin_remains_when_all_are_demoted_concurrently(world: World, demote: Demote) -> None:
    admins = [await registered(world, f"admin-{n}", Role.ADMIN) for n in range(5)]
    outcomes = await asyncio.gather(*(demote(world, admin) for admin in admins), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes].count(LastAdmin) == 1
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] != outcomes
    async with world.storage.unit_of_work() as uow:
        assert await uow.users.count_active_admins() == 1


async def test_other_fields_of_the_last_admin_can_be_edited(world: World) -> None:
    admin = await registered(world, "admin", Role.ADMIN)
    edited = await world.users.edit(AN_ADMIN, admin.id, full_name="Still", role=Role.ADMIN, is_active=True)

    assert (edited.full_name, edited.is_active_admin) == ("Still", True)


@pytest.mark.parametrize(
    ("method", "error"),
    [("log_in", InvalidCredentials), ("reset", InvalidResetToken), ("change", UserNotFound), ("erase", UserNotFound)],
)
async def test_an_account_that_is_erased_during_the_hashing_looks_like_an_unknown_one(
    world: World, monkeypatch: pytest.MonkeyPatch, method: str, error: type[Exception]
) -> None:
    """The entrypoint answers UserNotFound for the caller's own account as an invalid token."""
    kim = await registered(world)
    session = session_of(await logged_in(world))
    await world.passwords.request_reset(kim.email)
    await world.work()
    token = world.mailbox.reset_tokens[-1]
    hash_, verify = PlainHasher.hash, PlainHasher.verify

    async def erase_then_hash(hasher: PlainHasher, password: str) -> str:
        monkeypatch.undo()
        await world.users.delete(AN_ADMIN, kim.id)
        return await hash_(hasher, password)

    async def erase_then_verify(hasher: PlainHasher, password: str, password_hash: str | None) -> bool:
        monkeypatch.undo()
        await world.users.delete(AN_ADMIN, kim.id)
        return await verify(hasher, password, password_hash)

    monkeypatch.setattr(PlainHasher, "hash", erase_then_hash)
    monkeypatch.setattr(PlainHasher, "verify", erase_then_verify)
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "log_in": lambda: world.sessions.log_in(kim.username, PASSWORD),
        "reset": lambda: world.passwords.reset(token, OTHER),
        "change": lambda: world.passwords.change(acting(kim.id), session, PASSWORD, OTHER),
        "erase": lambda: world.accounts.erase(acting(kim.id), PASSWORD),
    }
    with pytest.raises(error):
        await calls[method]()


async def test_an_erasure_is_refused_if_the_password_is_reset_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kim = await registered(world)
    await world.passwords.request_reset(kim.email)
    await world.work()
    verify = PlainHasher.verify

    async def verify_then_reset(hasher: PlainHasher, password: str, password_hash: str | None) -> bool:
        is_correct = await verify(hasher, password, password_hash)
        await world.passwords.reset(world.mailbox.reset_tokens[-1], OTHER)
        return is_correct

    monkeypatch.setattr(PlainHasher, "verify", verify_then_reset)
    with pytest.raises(WrongPassword):
        await world.accounts.erase(acting(kim.id), PASSWORD)
    assert await world.users.get(AN_ADMIN, kim.id)
    assert "user_erased" not in world.audit.names
