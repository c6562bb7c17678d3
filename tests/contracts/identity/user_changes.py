import asyncio
from dataclasses import replace
from functools import partial

import pytest

from application.identity.ports import ResetToken
from application.storage import Storage
from domain.errors import EmailTaken, LastAdmin, SessionNotFound, StaleUser, UsernameTaken, UserNotFound
from domain.identity.user import Role, User, UserId
from domain.tasks.task import Status
from tests.contracts.given import StorageSuite, add, persistently, register, seen, seen_of
from tests.contracts.identity.user_queries import find
from tests.contracts.identity.users import find_by_login, get
from tests.support.builders import ANN, BEN, NOW, a_session, a_task, a_user, new_task_id, tags


async def save(storage: Storage, *users: User) -> None:
    async with storage.unit_of_work() as uow:
        for user in users:
            await uow.users.save(user)
        await uow.commit()


async def remove(storage: Storage, user: User) -> None:
    async with storage.unit_of_work() as uow:
        await uow.users.remove(user)
        await uow.commit()


async def active_admins(storage: Storage) -> int:
    async with storage.unit_of_work() as uow:
        return await uow.users.count_active_admins()


class UserChangeContract(StorageSuite):
    async def test_a_saved_user_takes_the_place_of_the_version_before(self, storage: Storage) -> None:
        await register(storage, kim := a_user(username="Kim", email="kim@example.com"))
        second = kim.edit(at=NOW, full_name="Kim \U0001f600", timezone="Asia/Seoul", role=Role.MANAGER, is_active=False)
        third = second.with_password("other hash", at=NOW)
        await save(storage, second, third)

        assert await get(storage, kim.id) == await find_by_login(storage, "kim") == third
        assert third in (await find(storage)).users and kim not in (await find(storage)).users

    async def test_a_stale_user_is_neither_saved_nor_removed(self, storage: Storage) -> None:
        await register(storage, kim := a_user())
        await save(storage, newer := kim.edit(at=NOW, full_name="Newer"))
        for stale in (kim.edit(at=NOW, full_name="Late"), newer, replace(newer, version=4)):
            with pytest.raises(StaleUser):
                await save(storage, stale)
        for stale in (kim, replace(newer, version=3)):
            with pytest.raises(StaleUser):
                await remove(storage, stale)

        assert await get(storage, kim.id) == newer

    async def test_a_user_that_is_gone_is_neither_saved_nor_removed(self, storage: Storage) -> None:
        await register(storage, kim := a_user())
        await remove(storage, kim)
        for gone in (kim, a_user()):
            with pytest.raises(UserNotFound):
                await save(storage, gone.edit(at=NOW, full_name="Late"))
            with pytest.raises(UserNotFound):
                await remove(storage, gone)

    async def test_a_changed_address_is_claimed_and_the_old_one_free(self, storage: Storage) -> None:
        await register(storage, kim := a_user(email="Old@example.com"), lee := a_user(email="lee@example.com"))
        await save(storage, moved := kim.edit(at=NOW, email="New@example.com"))
        assert await find_by_login(storage, "old@EXAMPLE.com") is None
        assert await find_by_login(storage, "new@EXAMPLE.com") == moved

        await save(storage, heir := lee.edit(at=NOW, email="old@example.com"))
        assert await find_by_login(storage, "OLD@example.com") == heir
        with pytest.raises(EmailTaken):
            await register(storage, a_user(email="NEW@EXAMPLE.COM"))
        await register(storage, a_user(email="lee@example.com"))

    async def test_an_address_of_another_is_refused_in_any_case(self, storage: Storage) -> None:
        await register(storage, kim := a_user(email="kim@example.com"), a_user(email="Lee@example.com"))
        with pytest.raises(EmailTaken):
            await save(storage, kim.edit(at=NOW, email="lEE@example.com"))
        assert await get(storage, kim.id) == kim

        await save(storage, respelt := kim.edit(at=NOW, email="KIM@example.com"))
        assert await find_by_login(storage, "kim@example.com") == respelt

    async def test_a_change_that_is_not_committed_changes_nothing(self, storage: Storage) -> None:
        await register(storage, kim := a_user(email="kim@example.com", role=Role.ADMIN))
        async with storage.unit_of_work() as uow:
            await uow.users.save(changed := kim.edit(at=NOW, email="new@example.com", role=Role.USER))
            assert await uow.users.get(kim.id) == changed
            assert await uow.users.count_active_admins() == 0
        async with storage.unit_of_work() as uow:
            await uow.users.remove(kim)
            assert await uow.users.find_by_login("kim@example.com") is None

        assert await find_by_login(storage, "kim@example.com") == kim
        assert await find_by_login(storage, "new@example.com") is None
        assert await active_admins(storage) == 1

    async def test_with_a_user_everything_of_theirs_is_gone(self, storage: Storage) -> None:
        kim = a_user(username="kim", email="kim@example.com", role=Role.ADMIN)
        await register(storage, kim)
        session, bens = a_session(user_id=kim.id), a_session(user_id=BEN)
        bens_task = a_task(owner_id=BEN)
        async with storage.unit_of_work() as uow:
            await uow.tasks.add(a_task(owner_id=kim.id, tags=tags("x")), bens_task)
            await uow.tasks.add(a_task(owner_id=kim.id, status=Status.COMPLETED))
            await uow.sessions.add(session)
            await uow.sessions.add(bens)
            for user_id in (kim.id, BEN):
                await uow.reset_tokens.put(ResetToken(user_id, b"hash", NOW))
            await uow.commit()
        await remove(storage, kim)

        async with storage.unit_of_work() as uow:
            with pytest.raises(UserNotFound):
                await uow.users.get(kim.id)
            assert await uow.users.find_by_login("kim") is await uow.users.find_by_login("kim@example.com") is None
            with pytest.raises(SessionNotFound):
                await uow.sessions.get(session.id, user_id=kim.id)
            assert await uow.sessions.standing(session.id, user_id=kim.id) is None
            assert await uow.reset_tokens.find(kim.id) is None
            assert await uow.users.count_active_admins() == 0
        namesake = replace(kim, username="KIM", email="KIM@example.com", role=Role.USER)
        await register(storage, namesake)
        assert await seen(storage, kim.id) == seen_of()
        async with storage.unit_of_work() as uow:
            assert await uow.sessions.of_user(kim.id) == []
            assert await uow.reset_tokens.find(kim.id) is None
            assert await uow.sessions.of_user(BEN) == [bens]
            assert await uow.reset_tokens.find(BEN) is not None
        assert await seen(storage, BEN) == seen_of(bens_task)

    async def test_a_user_of_very_many_tasks_can_be_removed(self, storage: Storage) -> None:
        await register(storage, kim := a_user())
        first = a_task(owner_id=kim.id)
        await add(storage, *(replace(first, id=new_task_id()) for _ in range(5003)))
        await remove(storage, kim)

        await register(storage, kim)
        assert await seen(storage, kim.id) == seen_of()

    async def test_active_admins_are_counted_through_every_change(self, storage: Storage) -> None:
        assert await active_admins(storage) == 0
        kim, lee = a_user(role=Role.ADMIN), a_user(role=Role.ADMIN, is_active=False)
        await register(storage, kim, lee, a_user(role=Role.MANAGER))
        assert await active_admins(storage) == 1
        await save(storage, lee := lee.edit(at=NOW, is_active=True))
        assert await active_admins(storage) == 2
        await save(storage, kim := kim.edit(at=NOW, role=Role.MANAGER), lee := lee.with_password("new", at=NOW))
        assert await active_admins(storage) == 1
        await save(storage, kim := kim.edit(at=NOW, role=Role.ADMIN))
        assert await active_admins(storage) == 2
        await save(storage, kim.edit(at=NOW, is_active=False))
        await remove(storage, lee)
        assert await active_admins(storage) == 0

    @pytest.mark.parametrize("removes", [False, True], ids=["demote", "remove"])
    async def test_of_units_that_each_take_an_admin_away_after_counting_one_is_left(
        self, storage: Storage, removes: bool
    ) -> None:
        admins = [a_user(role=Role.ADMIN) for _ in range(4)]
        await register(storage, *admins)

        async def take_away(user_id: UserId) -> None:
            async with storage.unit_of_work() as uow:
                admin = await uow.users.get(user_id)
                if await uow.users.count_active_admins() <= 1:
                    raise LastAdmin
                await asyncio.sleep(0.01)
                await (uow.users.remove(admin) if removes else uow.users.save(admin.edit(at=NOW, role=Role.USER)))
                await uow.commit()

        outcomes = await asyncio.gather(
            *(persistently(partial(take_away, admin.id)) for admin in admins), return_exceptions=True
        )
        assert sorted(map(repr, outcomes)) == sorted(map(repr, [LastAdmin(), None, None, None]))
        assert await active_admins(storage) == 1

    async def test_of_parallel_changes_to_one_address_one_wins(self, storage: Storage) -> None:
        rivals = [await get(storage, ANN), await get(storage, BEN), a_user()]
        await register(storage, rivals[2])
        claims = [user.edit(at=NOW, email=f"{'One' if n else 'oNE'}@example.com") for n, user in enumerate(rivals)]

        outcomes = await asyncio.gather(
            *(persistently(partial(save, storage, claim)) for claim in claims), return_exceptions=True
        )
        assert sorted(map(str, map(type, outcomes))) == sorted(map(str, [type(None), EmailTaken, EmailTaken]))
        assert await find_by_login(storage, "one@example.com") == claims[outcomes.index(None)]

    async def test_a_username_of_someone_who_is_there_stays_taken(self, storage: Storage) -> None:
        await register(storage, kim := a_user(username="kim"))
        await save(storage, kim.edit(at=NOW, email="new@example.com"))
        with pytest.raises(UsernameTaken):
            await register(storage, a_user(username="KIM"))
