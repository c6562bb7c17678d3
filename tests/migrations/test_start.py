import pytest
from dependency_injector import providers

from adapters.sql.schema.migrator import SqlSchema
from adapters.sql.storage import SqlStorage
from application.platform.unit_of_work import StorageUnavailable
from application.storage import SchemaMismatch
from entrypoints.wiring.container import Container, open_container
from tests.entrypoints.given import make_settings
from tests.servers.ports import free_port


@pytest.mark.parametrize("revision", [None, "0006"])
async def test_a_database_at_another_revision_is_refused(url: str, revision: str | None) -> None:
    if revision is not None:
        await SqlSchema(url).upgrade(revision)
    container = Container(settings=providers.Object(make_settings(storage="sql", database_url=url)))
    with pytest.raises(SchemaMismatch) as refused:
        async with open_container(container):
            raise AssertionError

    assert (refused.value.revision, refused.value.head) == (revision, SqlSchema(url).head)
    await SqlSchema(url).upgrade()
    async with SqlStorage(url) as storage:
        await storage.check()


async def test_a_storage_passed_to_the_container_checks_its_own_database(url: str) -> None:
    settings = make_settings(storage="memory")
    container = Container(settings=providers.Object(settings), storage=providers.Singleton(SqlStorage, url))
    with pytest.raises(SchemaMismatch):
        async with open_container(container):
            raise AssertionError

    migrator = container.storage().migrator
    assert migrator is not None
    await migrator.upgrade()
    async with open_container(container):
        await container.storage().check()


async def test_a_database_that_cannot_be_reached_at_the_start_is_checked_later() -> None:
    unreachable = f"postgresql+asyncpg://ann@127.0.0.1:{free_port()}/tasks"
    async with SqlStorage(unreachable) as storage:
        with pytest.raises(StorageUnavailable, match="no connection"):
            await storage.check()
