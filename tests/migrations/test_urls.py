"""Parameters of a DATABASE_URL mean the same to migrations, to the storage and to the PostgreSQL programs."""

from pathlib import Path

import pytest
from sqlalchemy import URL, make_url

from adapters.sql.operations.postgres_copier import PostgresCopier
from adapters.sql.schema.migrator import SqlSchema
from application.platform.unit_of_work import StorageUnavailable
from tests.contracts.given import add, expected_snapshot, register, snapshot
from tests.migrations.databases import opened
from tests.servers import installation
from tests.support.builders import ANN, a_task, a_user


@pytest.mark.parametrize(
    "query",
    [
        {"sslmode": "prefer"},
        {"prepared_statement_cache_size": "0"},
        {"host": "127.0.0.1,127.0.0.1", "port": "1,{port}", "target_session_attrs": "primary"},
    ],
    ids=str,
)
async def test_url_parameters_work_for_schema_storage_and_pg_tools(
    query: dict[str, str], postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(installation.client_programs()), prepend=":")
    parsed = make_url(postgres_url)
    filled = {name: value.format(port=parsed.port) for name, value in query.items()}
    several = URL.create(parsed.drivername, parsed.username, database=parsed.database, query=filled)
    url = (several if "host" in query else parsed.set(query=filled)).render_as_string(hide_password=False)

    schema = SqlSchema(url)
    await schema.upgrade()
    await schema.require_served()
    async with opened(url) as storage:
        await register(storage, a_user(id=ANN))
        await add(storage, task := a_task())
        assert await snapshot(storage) == expected_snapshot(task)
    if "prepared_statement_cache_size" not in query:
        await PostgresCopier(url).dump(copy := tmp_path / "copy")
        assert copy.stat().st_size > 0


@pytest.mark.parametrize("wrong", ["nowhere", "nowhere?sslmode=canary", "nowhere?surprise=1"])
async def test_an_invalid_url_is_reported_without_its_password(postgres_url: str, wrong: str) -> None:
    server = make_url(postgres_url).set(password="canary", database="").render_as_string(hide_password=False)
    url = server.rstrip("/") + "/" + wrong

    with pytest.raises(StorageUnavailable, match="DATABASE_URL") as raised:
        await SqlSchema(url).current()
    assert "canary" not in str(raised.value)
