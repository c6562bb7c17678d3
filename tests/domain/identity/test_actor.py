from zoneinfo import ZoneInfo

import pytest

from domain.errors import Forbidden, NotFound, UserNotFound
from domain.identity.actor import Actor
from domain.identity.user import Role, UserId
from tests.support.builders import ANN, BEN, a_user

USER, MANAGER, ADMIN = (Actor(ANN, role, "UTC") for role in Role)


def test_an_actor_is_who_the_user_is() -> None:
    ben = a_user(id=BEN, role=Role.MANAGER, timezone="Asia/Kathmandu")

    assert Actor.of(ben) == Actor(BEN, Role.MANAGER, "Asia/Kathmandu")
    assert Actor.of(ben).zone == ZoneInfo("Asia/Kathmandu")


def test_managers_and_admins_read_everybody_and_admins_administer() -> None:
    assert [actor.reads_everybody for actor in (USER, MANAGER, ADMIN)] == [False, True, True]
    assert [actor.administers for actor in (USER, MANAGER, ADMIN)] == [False, False, True]


def test_others_are_not_found_by_users() -> None:
    for actor in (USER, MANAGER, ADMIN):
        actor.require_sight_of(ANN)
    for actor in (MANAGER, ADMIN):
        actor.require_sight_of(BEN)
        actor.require_overview()
    with pytest.raises(UserNotFound):
        USER.require_sight_of(BEN)
    with pytest.raises(Forbidden):
        USER.require_overview()


@pytest.mark.parametrize(
    ("actor", "whose", "fields", "refusal"),
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
def test_who_may_edit_what_of_whom(
    actor: Actor, whose: UserId, fields: set[str], refusal: type[Forbidden | NotFound] | None
) -> None:
    if refusal is None:
        actor.require_edit_of(whose, fields)
    else:
        with pytest.raises(refusal):
            actor.require_edit_of(whose, fields)


def test_only_admins_remove_accounts_and_keep_them() -> None:
    for user_id in (ANN, BEN):
        ADMIN.require_removal_of(user_id)
        with pytest.raises(Forbidden):
            MANAGER.require_removal_of(user_id)
    with pytest.raises(Forbidden):
        USER.require_removal_of(ANN)
    with pytest.raises(UserNotFound):
        USER.require_removal_of(BEN)

    ADMIN.require_administration()
    for actor in (USER, MANAGER):
        with pytest.raises(Forbidden):
            actor.require_administration()
