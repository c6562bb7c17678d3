"""How fast one `task-manager worker` does what the service leaves to it."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import asyncpg
from uuid_utils.compat import uuid7

from adapters.sql.storage import SqlStorage
from application.identity.mails import WELCOME_MAIL
from application.jobs.ports import Job, JobId
from benchmarks.population import Owner
from benchmarks.servers import PATIENCE, worker

FEWEST_PER_SECOND: Final = 20
"""Below this something is broken."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """Mails of welcome, each written to a file by one worker."""

    amount: int
    per_second: float
    cpu_us: float
    """Of the worker, for each."""
    memory_mib: tuple[float, float]
    """Of the worker, before and after."""


def jobs(database_url: str, owner: Owner, amount: int) -> Jobs:
    with TemporaryDirectory() as directory, worker(database_url, Path(directory)) as program:
        asyncio.run(_wait_until_none(database_url, PATIENCE))  # of those that are there already
        earlier, memory, used = _mails(directory), program.memory_mib(), program.cpu_seconds()
        asyncio.run(_queue(database_url, owner, amount))
        asyncio.run(_wait_until_none(database_url, PATIENCE + amount / FEWEST_PER_SECOND))
        written = sorted(path.stat().st_mtime for path in _mails(directory) - earlier)
        assert len(written) == amount, f"{len(written)} of {amount} mails"
        return Jobs(
            amount,
            (amount - 1) / (written[-1] - written[0]),
            (program.cpu_seconds() - used) / amount * 1e6,
            (memory, program.memory_mib()),
        )


async def _queue(database_url: str, owner: Owner, amount: int) -> None:
    """As registering does it, in one transaction for all."""
    storage, now = SqlStorage(database_url), datetime.now(UTC)
    await storage.open()
    async with storage.unit_of_work() as uow:
        made = (Job(id=JobId(uuid7()), kind=WELCOME_MAIL, owner_id=owner.id, run_at=now) for _ in range(amount))
        await uow.jobs.add(*made)
        await uow.commit()
    await storage.close()


async def _wait_until_none(database_url: str, patience: float) -> None:
    deadline = time.monotonic() + patience
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        while await connection.fetchval("SELECT EXISTS (SELECT FROM jobs WHERE kind = $1)", WELCOME_MAIL):
            if time.monotonic() > deadline:
                raise TimeoutError("the worker does not come to an end")
            await asyncio.sleep(0.1)
    finally:
        await connection.close()


def _mails(directory: str) -> set[Path]:
    return set(Path(directory).glob("*.eml"))
