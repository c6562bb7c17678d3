"""What only exists since revisions 0012 and 0014 is deleted by the downgrade: requested jobs and removed users."""

import pytest

from adapters.sql.schema.migrator import SqlSchema
from application.jobs.ports import JobNotFound
from tests.contracts.given import add, expected_snapshot, register, snapshot
from tests.contracts.jobs.jobs import a_job, claim
from tests.contracts.jobs.jobs import add as add_jobs
from tests.contracts.tasks.history import record, versions_of
from tests.migrations.databases import opened
from tests.support.builders import ANN, BEN, a_task, a_user


async def test_a_downgrade_deletes_requested_jobs_and_removed_users(url: str) -> None:
    schema = SqlSchema(url)
    await schema.upgrade()
    task, removed_task = a_task(), a_task(owner_id=BEN)
    job, requested = a_job(), a_job(requester_id=ANN)
    async with opened(url) as storage:
        await register(storage, a_user(id=ANN), ben := a_user(id=BEN))
        await add(storage, task, removed_task)
        await record(storage, *versions_of(task, 1), *versions_of(removed_task, 1))
        await add_jobs(storage, job, requested)
        async with storage.unit_of_work() as uow:
            await uow.users.remove(ben)
            await uow.commit()
    await schema.downgrade("0011")
    await schema.upgrade()

    async with opened(url) as storage:
        assert [each.id for each in await claim(storage)] == [job.id]
        async with storage.unit_of_work() as uow:
            with pytest.raises(JobNotFound):
                await uow.jobs.get_requested(requested.id, requester_id=ANN)
        await register(storage, a_user(id=BEN))
        assert await snapshot(storage, BEN) == expected_snapshot()
        assert await snapshot(storage) == expected_snapshot(task)
