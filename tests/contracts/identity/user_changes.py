import asyncio
from dataclasses import replace
from functools import partial

import pytest

from application.storage import Storage
from domain.errors import EmailTaken, LastAdmin, SessionNotFound, StaleUser, UsernameTaken, UserNotFound
from domain.identity.reset_tokens import ResetTokens
from domain.identity.user import Role, User, UserId
from domain.tasks.status import Status
from tests.contracts.given import StorageSuite, add_in, expected_snapshot, register, remove_user_in, retry, snapshot
from tests.contracts.identity.user_queries import find
from tests.contracts.identity.users import find_by_login, get
from tests.support.builders import ANN, BEN, NOW, a_session, a_task, a_user, reset_tokens, tags


async def save(storage: Storage, *users: User) -> None:
    async with storage.unit_of_work() as uow:
        for user in users:
            await uow.users.save(user)
        await uow.commit()


async def remove(storage: Storage, user: User) -> None:
    async with storage.unit_of_work() as uow:
        await remove_user_in(uow, user)
        await uow.commit()


async def active_admins(storage: Storage) -> int:
    async with storage.unit_of_work() as uow:
        return await uow.users.count_active_admins()


class UserChangeContract(StorageSuite):
    async def test_a_saved_user_replaces_the_previous_version(self, storage: Storage) -> None:
        await register(storage, kim := a_user(username="Kim", email="kim@example.com"))
        second = kim.edit(at=NOW, full_name="Kim \U0001f600", timezone="Asia/Seoul", role=Role.MANAGER, is_active=False)
        third = second.with_password("other hash", at=NOW)
        await save(storage, second, third)

        assert await get(storage, kim.id) == await find_by_login(storage, "kim") == third
        assert third in (await find(storage)).items and kim not in (await find(storage)).items

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

    async def test_a_removed_user_is_neither_saved_nor_removed(self, storage: Storage) -> None:
        await register(storage, kim := a_user())
        await remove(storage, kim)
        for removed in (kim, a_user()):
            with pytest.raises(UserNotFound):
                await save(storage, removed.edit(at=NOW, full_name="Late"))
            with pytest.raises(UserNotFound):
                await remove(storage, removed)

    async def test_a_changed_address_is_claimed_and_the_old_one_released(self, storage: Storage) -> None:
        await register(storage, kim := a_user(email="Old@example.com"), lee := a_user(email="lee@example.com"))
        await save(storage, moved := kim.edit(at=NOW, email="New@example.com"))
        assert await find_by_login(storage, "old@EXAMPLE.com") is None
        assert await find_by_login(storage, "new@EXAMPLE.com") == moved

        await save(storage, renamed := lee.edit(at=NOW, email="old@example.com"))
        assert await find_by_login(storage, "OLD@example.com") == renamed
        with pytest.raises(EmailTaken):
            await register(storage, a_user(email="NEW@EXAMPLE.COM"))
        await register(storage, a_user(email="lee@example.com"))

    async def test_an_address_of_another_user_is_refused_in_any_case(self, storage: Storage) -> None:
        await register(storage, kim := a_user(email="kim@example.com"), a_user(email="Lee@example.com"))
        with pytest.raises(EmailTaken):
            await save(storage, kim.edit(at=NOW, email="lEE@example.com"))
        assert await get(storage, kim.id) == kim

        await save(storage, respelt := kim.edit(at=NOW, email="KIM@example.com"))
        assert await find_by_login(storage, "kim@example.com") == respelt

    async def test_an_uncommitted_user_change_is_rolled_back(self, storage: Storage) -> None:
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

    async def test_removing_a_user_removes_all_their_data(self, storage: Storage) -> None:
        kim = a_user(username="kim", email="kim@example.com", role=Role.ADMIN)
        await register(storage, kim)
        session, ben_session = a_session(user_id=kim.id), a_session(user_id=BEN)
        ben_task = a_task(owner_id=BEN)
        async with storage.unit_of_work() as uow:
            await add_in(uow, a_task(owner_id=kim.id, tags=tags("x")), ben_task)
            await add_in(uow, a_task(owner_id=kim.id, status=Status.COMPLETED))
            await uow.sessions.add(session)
            await uow.sessions.add(ben_session)
            for user_id in (kim.id, BEN):
                await uow.reset_tokens.put(reset_tokens(user_id, NOW))
            await uow.commit()
        await remove(storage, kim)

        async with storage.unit_of_work() as uow:
            with pytest.raises(UserNotFound):
                await uow.users.get(kim.id)
            assert await uow.users.find_by_login("kim") is await uow.users.find_by_login("kim@example.com") is None
            with pytest.raises(SessionNotFound):
                await uow.sessions.get(session.id, user_id=kim.id)
            assert await uow.sessions.state(session.id, user_id=kim.id) is None
            assert await uow.reset_tokens.find(kim.id) == ResetTokens(kim.id)
            assert await uow.users.count_active_admins() == 0
        successor = replace(kim, username="KIM", email="KIM@example.com", role=Role.USER)
        await register(storage, successor)
        assert await snapshot(storage, kim.id) == expected_snapshot()
        async with storage.unit_of_work() as uow:
            assert await uow.sessions.find_by_user(kim.id) == []
            assert await uow.reset_tokens.find(kim.id) == ResetTokens(kim.id)
            assert await uow.sessions.find_by_user(BEN) == [ben_session]
            assert await uow.reset_tokens.find(BEN) != ResetTokens(BEN)
        assert await snapshot(storage, BEN) == expected_snapshot(ben_task)

    async def test_the_number_of_active_admins_follows_every_change(self, storage: Storage) -> None:
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
    async def test_concurrent_demotions_leave_one_admin(self, storage: Storage, removes: bool) -> None:
        admins = [a_user(role=Role.ADMIN) for _ in range(4)]
        await register(storage, *admins)

        async def demote(user_id: UserId) -> None:
            async with storage.unit_of_work() as uow:
                admin = await uow.users.get(user_id)
                if await uow.users.count_active_admins() <= 1:
                    raise LastAdmin
                await asyncio.sleep(0.01)
                await (uow.users.remove(admin) if removes else uow.users.save(admin.edit(at=NOW, role=Role.USER)))
                await uow.commit()

        outcomes = await asyncio.gather(*(retry(partial(demote, admin.id)) for admin in admins), return_exceptions=True)
        assert sorted(map(repr, outcomes)) == sorted(map(repr, [LastAdmin(), None, None, None]))
        assert await active_admins(storage) == 1

    async def test_one_of_many_concurrent_changes_to_an_address_succeeds(self, storage: Storage) -> None:
        claimants = [await get(storage, ANN), await get(storage, BEN), a_user()]
        await register(storage, claimants[2])
        claims = [user.edit(at=NOW, email=f"{'One' if n else 'oNE'}@example.com") for n, user in enumerate(claimants)]

        outcomes = await asyncio.gather(
            *(retry(partial(save, storage, claim)) for claim in claims), return_exceptions=True
        )
        assert sorted(map(str, map(type, outcomes))) == sorted(map(str, [type(None), EmailTaken, EmailTaken]))
        assert await find_by_login(storage, "one@example.com") == claims[outcomes.index(None)]

    async def test_a_username_stays_taken_until_its_user_is_removed(self, storage: Storage) -> None:
        await register(storage, kim := a_user(username="kim"))
        await save(storage, kim.edit(at=NOW, email="new@example.com"))
        with pytest.raises(UsernameTaken):
            await register(storage, a_user(username="KIM"))
