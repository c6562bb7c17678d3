from zoneinfo import ZoneInfo

import pytest

from domain.errors import Forbidden, NotFound, UserNotFound
from domain.identity.actor import Actor
from domain.identity.user import Role, UserId
from tests.support.builders import ANN, BEN, NOW, a_user

USER, MANAGER, ADMIN = (Actor(ANN, role, "UTC") for role in Role)


def test_an_actor_has_the_id_role_and_time_zone_of_the_user() -> None:
    ben = a_user(id=BEN, role=Role.MANAGER, timezone="Asia/Kathmandu")

    assert Actor.of(ben) == Actor(BEN, Role.MANAGER, "Asia/Kathmandu")
    assert Actor.of(ben).zone == ZoneInfo("Asia/Kathmandu")


def test_managers_and_admins_may_read_all_data_and_only_admins_administer() -> None:
    assert [actor.may_read_all for actor in (USER, MANAGER, ADMIN)] == [False, True, True]
    assert [actor.is_admin for actor in (USER, MANAGER, ADMIN)] == [False, False, True]


def test_users_see_only_themselves_and_may_not_list_users() -> None:
    for actor in (USER, MANAGER, ADMIN):
        actor.require_visible(ANN)
    for actor in (MANAGER, ADMIN):
        actor.require_visible(BEN)
        actor.require_may_list_users()
    with pytest.raises(UserNotFound):
        USER.require_visible(BEN)
    with pytest.raises(Forbidden):
        USER.require_may_list_users()


@pytest.mark.parametrize(
    ("actor", "user_id", "fields", "error"),
    [
        (USER, ANN, {"email"}, None),
        (USER, ANN, {"role"}, Forbidden),
        (USER, ANN, {"email", "is_active"}, Forbidden),
        (USER, BEN, {"email"}, UserNotFound),
        (USER, BEN, {"role"}, UserNotFound),
        (MANAGER, ANN, {"full_name", "timezone"}, None),
        (MANAGER, ANN, {"role"}, Forbidden),
        (MANAGER, BEN, {"email"}, Forbidden),
        (MANAGER, BEN, set[str](), Forbidden),
        (ADMIN, ANN, {"role", "is_active"}, None),
        (ADMIN, BEN, {"role", "is_active", "email"}, None),
    ],
)
def test_edits_are_allowed_by_role_owner_and_fields(
    actor: Actor, user_id: UserId, fields: set[str], error: type[Forbidden | NotFound] | None
) -> None:
    if error is None:
        actor.require_may_edit(user_id, fields)
    else:
        with pytest.raises(error):
            actor.require_may_edit(user_id, fields)


def test_only_another_address_of_the_own_account_must_be_confirmed() -> None:
    own, bens = a_user(id=ANN), a_user(id=BEN)
    for actor in (USER, MANAGER, ADMIN):
        assert actor.must_confirm(own, own.edit(at=NOW, email="new@example.com"))
        assert not actor.must_confirm(own, own.edit(at=NOW, full_name="New", email=own.email))
        assert not actor.must_confirm(bens, bens.edit(at=NOW, email="new@example.com"))


def test_only_admins_may_remove_the_accounts_of_others() -> None:
    ADMIN.require_may_remove(BEN)
    for actor, user_id in ((ADMIN, ANN), (MANAGER, ANN), (MANAGER, BEN)):
        with pytest.raises(Forbidden):
            actor.require_may_remove(user_id)
    with pytest.raises(Forbidden):
        USER.require_may_remove(ANN)
    with pytest.raises(UserNotFound):
        USER.require_may_remove(BEN)

    ADMIN.require_admin()
    for actor in (USER, MANAGER):
        with pytest.raises(Forbidden):
            actor.require_admin()
