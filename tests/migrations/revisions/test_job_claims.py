"""Jobs from before revision 0010 are run, and survive the downgrade."""

from adapters.sql.schema.migrator import SqlSchema
from tests.contracts.jobs.jobs import OVER, a_job, add, claim_one, counts, start
from tests.migrations.databases import opened


async def test_a_job_survives_the_downgrade_and_the_upgrade_with_its_attempts(url: str) -> None:
    schema = SqlSchema(url)
    await schema.upgrade()
    async with opened(url) as storage:
        await add(storage, a_job())
        await start(storage, await claim_one(storage), OVER)
    await schema.downgrade("0009")
    await schema.upgrade()
    async with opened(url) as storage:
        job = await claim_one(storage)
        assert (job.claims, job.attempts, job.kills, job.started_at) == (1, 1, 0, None)
        assert await counts(storage) == (0, 1, 0)
