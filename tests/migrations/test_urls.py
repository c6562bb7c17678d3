"""Parameters of a DATABASE_URL mean the same to migrations, to the storage and to the PostgreSQL programs."""

from pathlib import Path

import pytest
from sqlalchemy import URL, make_url

from adapters.sql.operations.postgres_copier import PostgresCopier
from adapters.sql.operations.sqlite_copier import SqliteCopier
from adapters.sql.schema.migrator import SqlSchema
from adapters.sql.storage import SqlStorage
from application.platform.unit_of_work import StorageUnavailable
from entrypoints.cli.banner import startup_banner
from tests.contracts.given import add, expected_snapshot, register, snapshot
from tests.entrypoints.given import make_settings
from tests.migrations.databases import opened
from tests.servers import installation
from tests.support.builders import ANN, a_task, a_user


@pytest.mark.parametrize(
    "query",
    [
        {"sslmode": "prefer"},
        {"prepared_statement_cache_size": "0"},
        {
            "channel_binding": "prefer",
            "connect_timeout": "10",
            "gssencmode": "disable",
            "keepalives_idle": "30",
            "client_encoding": "utf8",
            "application_name": "my tasks",
            "options": "-c work_mem=8MB",
        },
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


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("channel_binding=require", "channel_binding supports only disable and prefer"),
        ("gssencmode=require", "gssencmode supports only disable and prefer"),
        ("sslmode=verify-full&sslrootcert=system", "sslrootcert=system is not supported"),
        ("ssl=canary", "the parameter ssl is not supported"),
        ("sslmode=require&sslmode=canary", "sslmode must not be given twice"),
    ],
)
def test_a_parameter_that_the_driver_does_not_support_is_named(query: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        SqlStorage(f"postgresql+asyncpg://ann:canary@localhost/tasks?{query}")
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("name", ["a@b:c.db", "a b#c.db", "100%.db", "50%25.db", "grüße.db"])
async def test_a_path_of_sqlite_may_contain_any_character_but_a_question_mark(tmp_path: Path, name: str) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/{name}"
    settings = make_settings(database_url=url)
    await SqlSchema(settings.database_url).upgrade()

    async with opened(url) as storage:
        await storage.check()
        await SqliteCopier(url).dump(tmp_path / "copy")

    assert names_in(tmp_path) == {name.replace("%25", "%"), "copy"}
    assert name.replace("%25", "%") in startup_banner(settings, "::1", 80).plain


def names_in(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


@pytest.mark.parametrize("path", ["a?b.db", "tasks.db?mode=ro", ":memory:"])
def test_a_path_of_sqlite_that_is_ambiguous_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="SQLite"):
        SqlStorage(f"sqlite+aiosqlite:///{path}")


@pytest.mark.parametrize("wrong", ["nowhere", "nowhere?sslmode=canary", "nowhere?surprise=1"])
async def test_an_invalid_url_is_reported_without_its_password(postgres_url: str, wrong: str) -> None:
    server = make_url(postgres_url).set(password="canary", database="").render_as_string(hide_password=False)
    url = server.rstrip("/") + "/" + wrong

    with pytest.raises(StorageUnavailable, match="DATABASE_URL") as raised:
        await SqlSchema(url).current()
    assert "canary" not in str(raised.value)
