import time
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from adapters.sql.engine.postgres import dsn_of
from adapters.sql.schema.migrator import SqlSchema
from adapters.sql.storage import SqlStorage
from application.platform.unit_of_work import StorageUnavailable, TransientStorageError
from tests.contracts.given import add, register, seen, seen_of
from tests.contracts.identity.users_capped import CappedUsersContract
from tests.contracts.jobs.jobs import a_job, claim
from tests.contracts.jobs.jobs import add as add_jobs
from tests.contracts.storage import StorageContract
from tests.servers.postgres import PostgresServer
from tests.support.builders import ANN, a_task, a_user

AWAY = (StorageUnavailable, TransientStorageError)
PROMPT = 3.0
"""Seconds until it is told that the database is away."""


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


class TestPostgresStorage(StorageContract, CappedUsersContract):
    @pytest.fixture
    async def storage(self, postgres_url: str) -> AsyncIterator[SqlStorage]:
        storage = SqlStorage(postgres_url)
        await storage.open()
        yield storage
        await storage.close()

    async def test_no_more_jobs_are_claimed_than_asked_for_however_few_the_planner_expects(
        self, storage: SqlStorage, postgres_url: str
    ) -> None:
        await add_jobs(storage, a_job())
        connection = await asyncpg.connect(dsn_of(postgres_url))
        await connection.execute("ANALYZE jobs")
        await connection.close()
        await add_jobs(storage, *(a_job() for _ in range(40)))
        assert [len(await claim(storage, limit=8)) for _ in range(6)] == [8, 8, 8, 8, 8, 1]


class TestPostgresStorageWhoseServerFails:
    @pytest.fixture
    async def storage(self, server: PostgresServer) -> AsyncIterator[SqlStorage]:
        await server.create_database("tasks")
        await SqlSchema(server.url("tasks")).upgrade()
        storage = SqlStorage(server.url("tasks"))
        await storage.open()
        await register(storage, a_user(id=ANN))
        yield storage
        await storage.close()

    async def test_what_was_committed_survives_a_crash_and_what_was_not_is_undone(
        self, server: PostgresServer, storage: SqlStorage
    ) -> None:
        stored = a_task()
        await add(storage, stored)
        with pytest.raises(AWAY):
            async with storage.unit_of_work() as uow:
                await uow.tasks.add(a_task())
                server.kill()
                await uow.commit()
        started = time.monotonic()
        with pytest.raises(AWAY):
            await add(storage, a_task())
        assert time.monotonic() - started < PROMPT

        server.restart()
        assert await seen(storage) == seen_of(stored)

    async def test_a_server_that_hangs_is_told_and_waited_for_no_longer(
        self, server: PostgresServer, storage: SqlStorage
    ) -> None:
        stored = a_task()
        await add(storage, stored)
        server.pause()
        started = time.monotonic()
        with pytest.raises(AWAY):
            await add(storage, a_task())
        assert time.monotonic() - started < PROMPT

        server.resume()
        assert await seen(storage) == seen_of(stored)
        await add(storage, later := a_task())
        assert await seen(storage) == seen_of(stored, later)
