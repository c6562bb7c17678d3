from typing import Final

import pytest

from application.identity.registration import CreateUser
from application.identity.users import ListUsers
from application.platform.paging import Paging
from domain.errors import Forbidden, UserNotFound, WrongPassword
from domain.identity.actor import Actor
from domain.identity.user import Role, User, UserChanges
from domain.identity.user_query import UserFilter, UserOrder, UserSortField
from tests.support.accounts import OTHER, PASSWORD, an_actor, logged_in, registered, session_of
from tests.support.builders import AN_ADMIN, new_user_id
from tests.support.errors import raises_invalid
from tests.support.stubs import PlainHasher
from tests.support.world import World

BY_NAME: Final = UserOrder(UserSortField.USERNAME, descending=False)
PRIVILEGED: Final[list[UserChanges]] = [
    {"role": Role.ADMIN},
    {"is_active": False},
    {"full_name": "Kim", "role": Role.USER},
]


@pytest.fixture
async def admin(world: World) -> Actor:
    return await an_actor(world, "admin", Role.ADMIN)


@pytest.fixture
async def manager(world: World) -> Actor:
    return await an_actor(world, "manager", Role.MANAGER)


@pytest.fixture
async def user(world: World) -> Actor:
    return await an_actor(world, "user")


async def test_only_managers_and_admins_may_list_users(world: World, admin: Actor, manager: Actor, user: Actor) -> None:
    for reader in (admin, manager):
        page = await world.users.list(reader, ListUsers(order=BY_NAME))
        assert [listed.username for listed in page.items] == ["admin", "manager", "user"]
        assert (page.total, page.total_capped, page.next_cursor) == (3, False, None)
    with pytest.raises(Forbidden):
        await world.users.list(user, ListUsers())


async def test_a_list_of_users_continues_after_its_cursor(world: World, admin: Actor) -> None:
    for n in range(5):
        await registered(world, f"kim-{n}")
    query = ListUsers(filter=UserFilter(search="KIM"), order=BY_NAME, paging=Paging(limit=2))
    listed: list[User] = []
    cursor: str | None = None
    for size in (2, 2, 1):
        paging = Paging(limit=2, cursor=cursor)
        page = await world.users.list(admin, ListUsers(filter=query.filter, order=BY_NAME, paging=paging))
        assert len(page.items) == size
        assert (page.total, page.skip) == ((5, 0) if cursor is None else (None, None))
        listed, cursor = [*listed, *page.items], page.next_cursor

    assert cursor is None
    assert [each.username for each in listed] == [f"kim-{n}" for n in range(5)]


async def test_a_cursor_of_another_list_is_refused(world: World, admin: Actor, user: Actor) -> None:
    page = await world.users.list(admin, ListUsers(order=BY_NAME, paging=Paging(limit=1)))
    paging = Paging(limit=1, cursor=page.next_cursor)
    for query in (ListUsers(paging=paging), ListUsers(filter=UserFilter(role=Role.USER), order=BY_NAME, paging=paging)):
        with raises_invalid("cursor", "invalid_cursor"):
            await world.users.list(admin, query)


async def test_managers_and_admins_see_all_users_and_users_only_themselves(
    world: World, admin: Actor, manager: Actor, user: Actor
) -> None:
    for reader in (admin, manager, user):
        assert (await world.users.get(reader, reader.user_id)).id == reader.user_id
    for reader in (admin, manager):
        assert (await world.users.get(reader, user.user_id)).username == "user"
    for reader, invisible in ((user, admin.user_id), (user, new_user_id()), (admin, new_user_id())):
        with pytest.raises(UserNotFound):
            await world.users.get(reader, invisible)


async def test_only_admins_may_edit_other_users(world: World, admin: Actor, manager: Actor, user: Actor) -> None:
    for actor in (admin, manager, user):
        assert (await world.users.edit(actor, actor.user_id, full_name="Own")).full_name == "Own"
    assert (await world.users.edit(admin, user.user_id, full_name="Admin's")).full_name == "Admin's"
    with pytest.raises(Forbidden):
        await world.users.edit(manager, user.user_id, full_name="Manager's")
    with pytest.raises(UserNotFound):
        await world.users.edit(user, manager.user_id, full_name="User's")

    assert (await world.users.get(AN_ADMIN, user.user_id)).full_name == "Admin's"


@pytest.mark.parametrize("changes", PRIVILEGED, ids=str)
async def test_only_admins_may_change_roles_and_activity(
    world: World, admin: Actor, manager: Actor, user: Actor, changes: UserChanges
) -> None:
    for actor in (manager, user):
        with pytest.raises(Forbidden):
            await world.users.edit(actor, actor.user_id, **changes)
        assert (await world.users.get(AN_ADMIN, actor.user_id)).version == 1
    edited = await world.users.edit(admin, manager.user_id, **changes)
    assert edited.version == 2 and all(getattr(edited, field) == value for field, value in changes.items())


async def test_only_admins_may_create_and_delete_accounts(
    world: World, admin: Actor, manager: Actor, user: Actor
) -> None:
    command = CreateUser(username="new", email="new@example.com", password=PASSWORD, role=Role.MANAGER)
    for actor in (manager, user):
        with pytest.raises(Forbidden):
            await world.users.create(actor, command)
        with pytest.raises(Forbidden):
            await world.users.delete(actor, actor.user_id)
    with pytest.raises(Forbidden):
        await world.users.delete(manager, user.user_id)
    with pytest.raises(UserNotFound):
        await world.users.delete(user, manager.user_id)

    new = await world.users.create(admin, command)
    assert new.role is Role.MANAGER
    await world.users.delete(admin, new.id)
    with pytest.raises(UserNotFound):
        await world.users.delete(admin, new.id)


@pytest.mark.parametrize("role", Role)
async def test_changing_the_own_address_requires_the_password(world: World, role: Role) -> None:
    kim = await an_actor(world, "kim", role)
    with raises_invalid("current_password", "missing"):
        await world.users.edit(kim, kim.user_id, email="new@example.com")
    with pytest.raises(WrongPassword):
        await world.users.edit(kim, kim.user_id, email="new@example.com", current_password=OTHER)
    assert (await world.users.get(kim, kim.user_id)).version == 1
    assert world.audit.names[-1] == "email_change_refused"

    same = await world.users.edit(kim, kim.user_id, email="kim@example.com", full_name="Kim")
    assert (same.version, same.full_name) == (2, "Kim")
    changed = await world.users.edit(kim, kim.user_id, email="new@example.com", current_password=PASSWORD)
    assert changed.email == "new@example.com"


async def test_a_change_of_the_address_informs_the_old_one(world: World, admin: Actor) -> None:
    kim = await an_actor(world, "kim")
    await world.work()
    world.mailbox.mails.clear()
    await world.users.edit(kim, kim.user_id, email="new@example.com", current_password=PASSWORD)
    await world.users.edit(admin, kim.user_id, email="newer@example.com")
    await world.users.edit(admin, kim.user_id, email="newer@example.com", full_name="Kim")
    await world.work()

    assert sorted(mail.to for mail in world.mailbox.mails) == ["kim@example.com", "new@example.com"]
    for mail in world.mailbox.mails:
        assert "Hello kim," in mail.text
        assert "newer" not in mail.text


async def test_the_old_address_of_a_removed_user_gets_no_mail(world: World, admin: Actor) -> None:
    kim = await registered(world)
    await world.work()
    sent = len(world.mailbox.mails)
    await world.users.edit(admin, kim.id, email="new@example.com")
    await world.users.delete(admin, kim.id)
    await world.work()
    assert len(world.mailbox.mails) == sent


async def test_a_password_that_is_changed_during_the_check_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kim = await an_actor(world, "kim")
    session = session_of(await logged_in(world))
    verify = PlainHasher.verify

    async def verify_then_change(hasher: PlainHasher, password: str, password_hash: str | None) -> bool:
        is_correct = await verify(hasher, password, password_hash)
        monkeypatch.undo()
        await world.passwords.change(kim, session, PASSWORD, OTHER)
        return is_correct

    monkeypatch.setattr(PlainHasher, "verify", verify_then_change)
    with pytest.raises(WrongPassword):
        await world.users.edit(kim, kim.user_id, email="new@example.com", current_password=PASSWORD)
    assert (await world.users.get(kim, kim.user_id)).email == "kim@example.com"
