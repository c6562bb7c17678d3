import asyncio
from datetime import timedelta

import pytest

from application.identity.sessions import IssuedTokens
from application.jobs.ports import JobState
from application.storage import Storage
from application.tasks import tag_jobs
from application.tasks import tags as tag_service
from application.tasks.tags import Deferred
from domain.errors import InvalidResetToken, InvalidToken, LastAdmin
from domain.identity.user import Role
from tests.contracts.given import StorageSuite, add, expected_snapshot, snapshot
from tests.support.accounts import PASSWORD, logged_in, registered
from tests.support.builders import AN_ADMIN, a_task, acting, tags
from tests.support.stubs import SettableClock
from tests.support.world import World


class UseCaseContract(StorageSuite):
    """Races of whole use cases that depend on guarantees of the storage."""

    @pytest.fixture
    def world(self, storage: Storage) -> World:
        return World(storage, SettableClock())

    @pytest.mark.parametrize("is_spent", [False, True], ids=["good token", "spent token"])
    async def test_a_refresh_token_used_concurrently_succeeds_at_most_once_and_ends_its_session(
        self, world: World, is_spent: bool
    ) -> None:
        kim = await registered(world)
        for _ in range(3):
            login = await logged_in(world)
            if is_spent:
                await world.sessions.refresh(login.refresh_token.text)
            uses = (world.sessions.refresh(login.refresh_token.text) for _ in range(20))
            outcomes = await asyncio.gather(*uses, return_exceptions=True)

            assert [outcome for outcome in outcomes if not isinstance(outcome, IssuedTokens | InvalidToken)] == []
            assert [type(outcome) for outcome in outcomes].count(IssuedTokens) <= (0 if is_spent else 1)
            assert await world.sessions.list_sessions(acting(kim.id)) == []

    async def test_a_refresh_during_logout_or_erasure_succeeds_or_raises_invalid_token(self, world: World) -> None:
        for name in ("kim", "lee", "zoe"):
            user = await registered(world, name)
            login, other = await logged_in(world, name), await logged_in(world, name)
            refreshed, _, again, _ = await asyncio.gather(
                world.sessions.refresh(login.refresh_token.text),
                world.sessions.revoke_all(acting(user.id)),
                world.sessions.refresh(other.refresh_token.text),
                world.accounts.erase(acting(user.id), PASSWORD),
                return_exceptions=True,
            )
            assert isinstance(refreshed, IssuedTokens | InvalidToken), refreshed
            assert isinstance(again, IssuedTokens | InvalidToken), again
            assert await world.sessions.list_sessions(acting(user.id)) == []

    async def test_a_reset_token_used_concurrently_succeeds_once(self, world: World) -> None:
        kim = await registered(world)
        await world.passwords.request_reset(kim.email)
        await world.work()
        (token,) = world.mailbox.reset_tokens
        news = [f"Correct-{n}-staple" for n in range(10)]
        outcomes = await asyncio.gather(*(world.passwords.reset(token, new) for new in news), return_exceptions=True)

        assert [type(outcome) for outcome in outcomes].count(InvalidResetToken) == 9
        await logged_in(world, password=news[outcomes.index(None)])

    async def test_one_admin_remains_when_all_leave_concurrently(self, world: World) -> None:
        admins = [await registered(world, f"admin-{n}", Role.ADMIN) for n in range(6)]
        leaving = [
            world.users.edit(AN_ADMIN, admin.id, role=Role.USER)
            if n % 2
            else world.accounts.erase(acting(admin.id), PASSWORD)
            for n, admin in enumerate(admins)
        ]
        outcomes = await asyncio.gather(*leaving, return_exceptions=True)

        assert [outcome for outcome in outcomes if isinstance(outcome, LastAdmin)] != []
        assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [LastAdmin]
        async with world.storage.unit_of_work() as uow:
            assert await uow.users.count_active_admins() == 1

    async def test_concurrent_edits_of_one_user_lose_no_update(self, world: World) -> None:
        kim = await registered(world)
        await asyncio.gather(
            world.users.edit(AN_ADMIN, kim.id, full_name="Kim"),
            world.users.edit(AN_ADMIN, kim.id, timezone="Asia/Seoul"),
            world.users.edit(AN_ADMIN, kim.id, email="new@example.com"),
        )

        stored = await world.users.get(AN_ADMIN, kim.id)
        assert (stored.full_name, stored.timezone, stored.email) == ("Kim", "Asia/Seoul", "new@example.com")
        assert stored.version == 4

    async def test_of_two_renamings_of_a_tag_at_once_one_wins_and_each_task_changes_once(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tag_service, "MAX_AT_ONCE", 2)
        monkeypatch.setattr(tag_jobs, "BATCH_SIZE", 3)
        monkeypatch.setattr(tag_jobs, "WAIT", timedelta(0))
        kim, (a, b, c) = await registered(world), tags("a", "b", "c")
        actor, worlds = acting(kim.id), [world, World(world.storage, world.clock, 1 << 20)]
        await add(world.storage, *(a_task(owner_id=kim.id, tags=(a,)) for _ in range(8)))

        renamed = await asyncio.gather(
            *(each.tags.rename(actor, a, new) for each, new in zip(worlds, (b, c), strict=True))
        )
        job_ids = [deferred.job_id for deferred in renamed if isinstance(deferred, Deferred)]
        states = set[JobState]()
        while states != {JobState.SUCCEEDED}:
            await asyncio.gather(*(each.worker.work() for each in worlds))
            states = {(await world.services.requested_jobs.get(actor, job_id)).state for job_id in job_ids}

        (tag_count,) = (await world.tags.list(actor)).items
        found = await snapshot(world.storage, kim.id)
        assert (len(job_ids), tag_count.task_count) == (2, 8)
        assert {task.version for task in found.tasks} == {2}
        assert found == expected_snapshot(*found.tasks)
