import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import asyncpg
import pytest
from sqlalchemy import URL, make_url

from adapters.sql.engine.postgres import LOCK_TIMEOUT, MARGIN, STATEMENT_TIMEOUT
from adapters.sql.engine.urls import dsn_of
from adapters.sql.schema.migrator import SqlSchema
from adapters.sql.storage import SqlStorage
from application.platform.retry import retried
from application.platform.time_limit import REQUEST_SECONDS, limit_time
from application.platform.unit_of_work import StorageBusy, StorageUnavailable, TransientStorageError
from domain.tasks.task import Task
from tests.adapters.sql.capped_users import CappedUsersContract
from tests.contracts.given import add, add_in, expected_snapshot, register, snapshot
from tests.contracts.jobs.jobs import a_job, claim
from tests.contracts.jobs.jobs import add as add_jobs
from tests.contracts.storage import StorageContract
from tests.servers.postgres import PostgresServer
from tests.support.builders import ANN, NOW, a_task, a_user

UNAVAILABLE = (StorageUnavailable, TransientStorageError)
HANG_TIMEOUT = 30.0
"""Within which an unavailable database must be reported."""


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


class TestPostgresStorage(StorageContract, CappedUsersContract):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url

    @pytest.fixture
    async def storage(self, postgres_url: str) -> AsyncIterator[SqlStorage]:
        storage = SqlStorage(postgres_url)
        await storage.open()
        yield storage
        await storage.close()

    async def test_deadlocked_use_cases_run_again_and_succeed(self, storage: SqlStorage) -> None:
        one, other = a_task(), a_task()
        await add(storage, one, other)
        both_have_written = asyncio.Barrier(2)
        attempts: Counter[Task] = Counter()

        @retried
        async def edit(first: Task, second: Task) -> None:
            attempts[first] += 1
            is_first_attempt = attempts[first] == 1
            async with storage.unit_of_work() as uow:
                for task in (first, second) if is_first_attempt else (one, other):
                    stored = await uow.tasks.get(task.id, owner_id=ANN)
                    await uow.tasks.save(stored.edit(at=NOW, title=f"{stored.title}+"))
                    if is_first_attempt and task is first:
                        await both_have_written.wait()
                await uow.commit()

        await asyncio.gather(edit(one, other), edit(other, one))

        assert {task.version for task in (await snapshot(storage)).tasks} == {3}

    async def test_a_use_case_whose_connection_is_lost_before_the_commit_runs_again(
        self, storage: SqlStorage, postgres_url: str
    ) -> None:
        operator = await asyncpg.connect(dsn_of(postgres_url))
        others = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'task-manager'"
        attempts = 0
        task = a_task()

        @retried
        async def create() -> None:
            nonlocal attempts
            attempts += 1
            async with storage.unit_of_work() as uow:
                await add_in(uow, task)
                if attempts == 1:
                    await operator.execute(f"SELECT pg_terminate_backend(pid, 10000) {others}")
                    await asyncio.sleep(0.05)  # the driver reads the end of its connection
                await uow.commit()

        try:
            await create()
        finally:
            await operator.close()

        assert attempts == 2
        assert await snapshot(storage) == expected_snapshot(task)

    async def test_an_exhausted_pool_is_busy(self, storage: SqlStorage, postgres_url: str) -> None:
        small = SqlStorage(postgres_url, pool_size=1)
        await small.open()
        try:
            async with small.unit_of_work() as uow:
                await uow.users.get(ANN)
                with limit_time(0), pytest.raises(StorageBusy):
                    await snapshot(small)
            assert await snapshot(small) == expected_snapshot()
        finally:
            await small.close()

    async def test_a_host_that_does_not_respond_leaves_time_for_the_next(self, postgres_url: str) -> None:
        server = make_url(postgres_url)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            hosts = {"host": f"127.0.0.1,{server.host}", "port": f"{silent.getsockname()[1]},{server.port}"}
            several = URL.create(server.drivername, server.username, database=server.database, query=hosts)
            async with SqlStorage(several.render_as_string(hide_password=False)) as storage:
                with limit_time(REQUEST_SECONDS):
                    assert await snapshot(storage) == expected_snapshot()

    async def test_a_read_only_database_is_not_ready(self, postgres_url: str) -> None:
        options = "options=-c%20default_transaction_read_only%3Don"
        async with SqlStorage(f"{postgres_url}?{options}") as storage:
            await snapshot(storage)
            with pytest.raises(StorageUnavailable, match="the database is read-only"):
                await storage.check()

    async def test_a_claim_respects_its_limit_for_every_query_plan(
        self, storage: SqlStorage, postgres_url: str
    ) -> None:
        await add_jobs(storage, a_job())
        connection = await asyncpg.connect(dsn_of(postgres_url))
        await connection.execute("ANALYZE jobs")
        await connection.close()
        await add_jobs(storage, *(a_job() for _ in range(40)))
        assert [len(await claim(storage, limit=8)) for _ in range(6)] == [8, 8, 8, 8, 8, 1]


PROMISED_SECONDS = 2.0


def test_all_waits_of_a_request_together_are_shorter_than_the_promised_time() -> None:
    assert STATEMENT_TIMEOUT + MARGIN < PROMISED_SECONDS  # a server that does not respond
    assert REQUEST_SECONDS + LOCK_TIMEOUT < PROMISED_SECONDS  # a lock that the last attempt waits for


async def connected(server: PostgresServer, storage: SqlStorage) -> set[int]:
    """Use three connections of the storage at once. Return the process ids of the server for all connections."""
    async with AsyncExitStack() as stack:
        for _ in range(3):
            uow = await stack.enter_async_context(storage.unit_of_work())
            await uow.users.get(ANN)
    operator = await asyncpg.connect(dsn_of(server.url("tasks")))
    try:
        rows = await operator.fetch("SELECT pid FROM pg_stat_activity WHERE application_name = 'task-manager'")
        return {pid for (pid,) in rows}
    finally:
        await operator.close()


class TestPostgresFailures:
    @pytest.fixture
    async def storage(self, server: PostgresServer) -> AsyncIterator[SqlStorage]:
        await server.create_database("tasks")
        await SqlSchema(server.url("tasks")).upgrade()
        storage = SqlStorage(server.url("tasks"))
        await storage.open()
        await register(storage, a_user(id=ANN))
        yield storage
        await storage.close()

    async def test_committed_writes_survive_a_crash_and_others_are_rolled_back(
        self, server: PostgresServer, storage: SqlStorage
    ) -> None:
        stored = a_task()
        await add(storage, stored)
        with pytest.raises(UNAVAILABLE):
            async with storage.unit_of_work() as uow:
                await add_in(uow, a_task())
                server.kill()
                await uow.commit()
        with pytest.raises(UNAVAILABLE):
            async with asyncio.timeout(HANG_TIMEOUT):
                await add(storage, a_task())

        server.restart()
        assert await snapshot(storage) == expected_snapshot(stored)

    async def test_a_hung_server_raises_storage_unavailable(self, server: PostgresServer, storage: SqlStorage) -> None:
        stored = a_task()
        await add(storage, stored)
        before = await connected(server, storage)
        server.pause()
        with pytest.raises(UNAVAILABLE):
            async with asyncio.timeout(HANG_TIMEOUT):
                await add(storage, a_task())

        server.resume()
        async with asyncio.timeout(HANG_TIMEOUT):
            while await connected(server, storage) & before:  # noqa: ASYNC110 - the server closes them
                await asyncio.sleep(0.05)
        assert await snapshot(storage) == expected_snapshot(stored)
        await add(storage, later := a_task())
        assert await snapshot(storage) == expected_snapshot(stored, later)
