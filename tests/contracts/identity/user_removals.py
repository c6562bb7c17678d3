import asyncio
from functools import partial

import pytest
from uuid_utils.compat import uuid7

from application.identity.ports import PurgePosition
from application.jobs.ports import Job, JobId, JobNotFound
from application.platform.idempotency import RequestKey
from application.platform.paging import Window
from application.storage import Storage
from domain.errors import UserNotFound
from domain.identity.reset_tokens import ResetTokens
from domain.identity.user import Role, User
from domain.identity.user_query import UserFilter, UserOrder
from tests.contracts.given import StorageSuite, add, add_in, expected_snapshot, register, retry, snapshot
from tests.contracts.platform.idempotency import a_record
from tests.contracts.tasks.history import versions_of
from tests.support.builders import ANN, BEN, NOW, a_file, a_session, a_task, a_user, reset_tokens, tags


async def remove(storage: Storage, user: User) -> None:
    async with storage.unit_of_work() as uow:
        await uow.users.remove(user)
        await uow.commit()


async def purge(storage: Storage, user: User, limit: int) -> int:
    """Delete what a user owned, in one transaction for each batch. Return the number of batches."""
    position: PurgePosition | None = ()
    steps = 0
    while position is not None:
        async with storage.unit_of_work() as uow:
            position = await uow.users.purge(user.id, limit=limit, after=position)
            await uow.commit()
        steps += 1
    return steps


class UserRemovalContract(StorageSuite):
    async def test_a_removed_user_is_gone_before_the_data_of_the_user(self, storage: Storage) -> None:
        kim = a_user(username="kim", email="kim@example.com", role=Role.ADMIN)
        await register(storage, kim)
        session, task = a_session(user_id=kim.id), a_task(owner_id=kim.id, tags=tags("x"))
        job = Job(id=JobId(uuid7()), kind="example", requester_id=kim.id)
        async with storage.unit_of_work() as uow:
            await add_in(uow, task)
            await uow.sessions.add(session)
            await uow.reset_tokens.put(reset_tokens(kim.id, NOW))
            await uow.jobs.add(job)
            await uow.commit()
        await remove(storage, kim)

        async with storage.unit_of_work() as uow:
            with pytest.raises(UserNotFound):
                await uow.users.get(kim.id)
            with pytest.raises(UserNotFound):
                await uow.users.lock(kim.id)
            with pytest.raises(UserNotFound):
                await uow.files.used_bytes(owner_id=kim.id, lock=True)
            assert await uow.users.find_by_login("kim") is await uow.users.find_by_login("kim@example.com") is None
            found = await uow.users.find(UserFilter(), UserOrder(), Window(limit=9, is_counted=True))
            assert ({user.id for user in found.items}, found.total) == ({ANN, BEN}, 2)
            assert await uow.sessions.state(session.id, user_id=kim.id) is None
            assert await uow.sessions.find_by_user(kim.id) == []
            assert await uow.reset_tokens.find(kim.id) == ResetTokens(kim.id)
            assert await uow.users.count_active_admins() == 0
            with pytest.raises(JobNotFound):
                await uow.jobs.get_requested(job.id, requester_id=kim.id)
            with pytest.raises(UserNotFound):
                await uow.files.add(a_file(owner_id=kim.id))
        with pytest.raises(UserNotFound):
            await remove(storage, kim)
        await register(storage, a_user(username="KIM", email="KIM@example.com"))

    async def test_the_data_of_a_removed_user_are_purged_in_batches(self, storage: Storage) -> None:
        await register(storage, kim := a_user())
        owned, other = [a_task(owner_id=kim.id, tags=tags(f"{n}")) for n in range(5)], a_task(owner_id=BEN)
        await add(storage, *owned, other)
        record = a_record(request=RequestKey(kim.id, "x", "y"))
        async with storage.unit_of_work() as uow:
            await uow.files.add(a_file(owner_id=kim.id, task_id=owned[4].id))
            await uow.idempotency.add(record, NOW)
            await uow.history.add(*(change for task in (*owned, other) for change in versions_of(task, 2)))
            assert await uow.users.purge(kim.id, limit=2) is None  # the user is not removed
            await uow.commit()
        await remove(storage, kim)

        async with storage.unit_of_work() as uow:
            assert await uow.users.find_removed(limit=9) == [kim.id]
        assert 3 <= await purge(storage, kim, limit=2) <= 20
        async with storage.unit_of_work() as uow:
            assert await uow.users.find_removed(limit=9) == []
        assert await purge(storage, kim, limit=2) == 1
        await register(storage, kim)
        assert await snapshot(storage, kim.id) == expected_snapshot()
        async with storage.unit_of_work() as uow:
            assert await uow.history.of_owner(kim.id, limit=9) == []
            assert await uow.files.used_bytes(owner_id=kim.id) == 0
            assert await uow.idempotency.find(record.request, NOW) is None
            assert await uow.tasks.revision(owner_id=kim.id) == 0
        assert await snapshot(storage, BEN) == expected_snapshot(other)

    async def test_tasks_that_are_added_during_a_removal_are_purged(self, storage: Storage) -> None:
        await register(storage, kim := a_user())
        adding = (retry(partial(add, storage, a_task(owner_id=kim.id))) for _ in range(8))
        outcomes = await asyncio.gather(*adding, remove(storage, kim), *adding, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} <= {type(None), UserNotFound}
        await purge(storage, kim, limit=3)

        await register(storage, kim)
        assert await snapshot(storage, kim.id) == expected_snapshot()
