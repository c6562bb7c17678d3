"""The operator administers accounts."""

import pytest

from application.identity.users import ListUsers
from domain.errors import InvalidCredentials, InvalidToken, LastAdmin, UserNotFound, WeakPassword
from domain.identity.user import Role
from tests.support.accounts import OTHER, logged_in, registered
from tests.support.builders import new_user_id
from tests.support.world import World


async def test_a_user_is_found_by_name_address_or_id(world: World) -> None:
    user = await registered(world, "kim")

    for name in ("KIM", user.email, str(user.id)):
        assert await world.bootstrap.find_user(name) == user
    for name in ("unknown", str(new_user_id())):
        with pytest.raises(UserNotFound):
            await world.bootstrap.find_user(name)
    assert (await world.bootstrap.list_users(ListUsers())).items == [user]


async def test_a_username_that_looks_like_an_id_does_not_hide_its_user(world: World) -> None:
    user = await registered(world, "kim")
    await registered(world, str(user.id))

    assert await world.bootstrap.find_user(str(user.id)) == user


async def test_an_edit_has_the_rules_and_effects_of_an_edit_by_an_admin(world: World) -> None:
    user = await registered(world, "kim", Role.ADMIN)
    login = await logged_in(world)
    with pytest.raises(LastAdmin):
        await world.bootstrap.edit_user(user.id, is_active=False)
    await registered(world, "boss", Role.ADMIN)

    edited = await world.bootstrap.edit_user(user.id, role=Role.USER, is_active=False)

    assert (edited.role, edited.is_active, edited.version) == (Role.USER, False, 2)
    assert await world.bootstrap.edit_user(user.id, is_active=False) == edited
    with pytest.raises(InvalidToken):
        await world.sessions.refresh(login.refresh_token.text)
    assert [event for event, _ in world.audit.events if event in ("user_changed", "role_changed")] == [
        "user_changed",
        "role_changed",
    ]


async def test_a_new_password_ends_all_sessions(world: World) -> None:
    user = await registered(world, "kim")
    login = await logged_in(world)
    with pytest.raises(WeakPassword):
        await world.bootstrap.reset_password(user.id, "weak")

    await world.bootstrap.reset_password(user.id, OTHER)

    with pytest.raises(InvalidToken):
        await world.sessions.refresh(login.refresh_token.text)
    with pytest.raises(InvalidCredentials):
        await logged_in(world)
    assert (await logged_in(world, password=OTHER)).user.id == user.id
