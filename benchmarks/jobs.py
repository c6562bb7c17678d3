"""Throughput, CPU and memory of one `task-manager worker`."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import asyncpg
from uuid_utils.compat import uuid7

from adapters.sql.storage import SqlStorage
from application.identity.mails import WELCOME_MAIL
from application.jobs.ports import Job, JobId
from benchmarks.owners import Owner
from benchmarks.servers import TIMEOUT, worker

MIN_JOBS_PER_SECOND: Final = 20
"""The benchmark fails below this rate."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """Measurements of one worker that writes welcome mails to files."""

    amount: int
    per_second: float
    cpu_us: float
    """CPU time of the worker per job."""
    memory_mib: tuple[float, float]
    """Memory of the worker before and after."""


def measure_jobs(database_url: str, owner: Owner, amount: int) -> Jobs:
    with TemporaryDirectory() as directory, worker(database_url, Path(directory)) as process:
        asyncio.run(_wait_until_done(database_url, TIMEOUT))  # jobs of existing registrations
        existing, memory, used = _mails(directory), process.memory_mib(), process.cpu_seconds()
        asyncio.run(_queue(database_url, owner, amount))
        asyncio.run(_wait_until_done(database_url, TIMEOUT + amount / MIN_JOBS_PER_SECOND))
        written = sorted(path.stat().st_mtime for path in _mails(directory) - existing)
        assert len(written) == amount, f"{len(written)} of {amount} mails"
        return Jobs(
            amount,
            (amount - 1) / (written[-1] - written[0]),
            (process.cpu_seconds() - used) / amount * 1e6,
            (memory, process.memory_mib()),
        )


async def _queue(database_url: str, owner: Owner, amount: int) -> None:
    """Add welcome jobs like those of a registration, all in one transaction."""
    storage = SqlStorage(database_url)
    await storage.open()
    async with storage.unit_of_work() as uow:
        jobs = (Job(id=JobId(uuid7()), kind=WELCOME_MAIL, owner_id=owner.id) for _ in range(amount))
        await uow.jobs.add(*jobs)
        await uow.commit()
    await storage.close()


async def _wait_until_done(database_url: str, max_seconds: float) -> None:
    deadline = time.monotonic() + max_seconds
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        while await connection.fetchval("SELECT EXISTS (SELECT FROM jobs WHERE kind = $1)", WELCOME_MAIL):
            if time.monotonic() > deadline:
                raise TimeoutError("the worker did not finish the jobs")
            await asyncio.sleep(0.1)
    finally:
        await connection.close()


def _mails(directory: str) -> set[Path]:
    return set(Path(directory).glob("*.eml"))
