import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from dependency_injector import providers
from typer.testing import CliRunner, Result

from adapters.sql.schema.migrator import SqlSchema
from entrypoints.cli.main import app
from entrypoints.http.app import create_app
from entrypoints.server import run as server
from entrypoints.wiring.container import Container
from tests.entrypoints.given import only

Run = Callable[..., Result]

AWAY: Final = (
    "postgresql+asyncpg://ann:canary@127.0.0.1:1/tasks",
    "postgresql+asyncpg://ann:canary@nowhere.invalid/tasks",
    "sqlite+aiosqlite:////dev/null/canary.db",
    "sqlite+aiosqlite:///.",
)

HEAD: Final = SqlSchema("").head


def serve_nothing(host: str, port: int, *, workers: int, reload: bool) -> None:
    pytest.fail(f"it serves at {host}:{port}")


@pytest.fixture
def run(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(server, "run", serve_nothing)

    def run(*arguments: str, **environment: str) -> Result:
        runner = CliRunner(env={**environment, "TERM": "dumb", "COLUMNS": "200", "NO_COLOR": "1"})
        return runner.invoke(app, arguments)

    return run


def require_refused(result: Result) -> str:
    """What it told instead, without a traceback."""
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert "canary" not in result.stderr
    return result.stderr


def test_openapi_prints_the_document_that_is_served(run: Run, empty_place: Path) -> None:
    result = run("openapi", STORAGE="memory")

    assert result.exit_code == 0
    assert (
        json.loads(result.stdout) == create_app(Container(settings=providers.Object(only(storage="memory")))).openapi()
    )
    assert list(empty_place.iterdir()) == []


def test_openapi_needs_no_database(run: Run) -> None:
    assert json.loads(run("openapi", DATABASE_URL=AWAY[0]).stdout)["info"]["title"] == "Task Manager"


def test_migrate_makes_the_database_and_may_be_run_again(run: Run, empty_place: Path) -> None:
    for _ in range(2):
        result = run("migrate")
        assert (result.exit_code, result.stdout) == (0, f"database at revision {HEAD}\n"), result.output

    assert (empty_place / "data/task-manager.db").exists()


@pytest.mark.parametrize("storage", ["memory", "tests.entrypoints.wiring.toy_storage:ToyStorage"])
def test_there_is_nothing_to_migrate_where_there_is_no_schema(run: Run, storage: str) -> None:
    assert "no schema" in require_refused(run("migrate", STORAGE=storage))


def test_serve_refuses_a_database_that_was_never_made(run: Run) -> None:
    told = require_refused(run("serve"))

    assert "task-manager migrate" in told
    assert "MIGRATE_ON_START" in told


def test_serve_refuses_a_database_that_was_not_migrated(run: Run, empty_place: Path) -> None:
    sqlite3.connect(empty_place / "tasks.db").close()

    told = require_refused(run("serve", DATABASE_URL="sqlite+aiosqlite:///tasks.db"))

    assert "revision none" in told
    assert "task-manager migrate" in told


def test_serve_refuses_a_database_of_another_revision(run: Run, empty_place: Path) -> None:
    run("migrate", DATABASE_URL="sqlite+aiosqlite:///tasks.db")
    connection = sqlite3.connect(empty_place / "tasks.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()

    told = require_refused(run("serve", DATABASE_URL="sqlite+aiosqlite:///tasks.db"))

    assert f"revision 0000, this program wants {HEAD}" in told
    assert "task-manager migrate" in told


@pytest.mark.parametrize("url", AWAY)
@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_a_database_out_of_reach_is_told_in_a_sentence(run: Run, command: str, url: str) -> None:
    assert "DATABASE_URL" in require_refused(run(command, DATABASE_URL=url))


@pytest.mark.parametrize("command", ["migrate", "serve", "openapi"])
def test_wrong_settings_are_all_told_by_name(run: Run, command: str) -> None:
    told = require_refused(run(command, PORT="canary", SECRET_KEY="canary", DATABASE_URL="mysql://canary"))

    assert sorted(line.partition(":")[0] for line in told.splitlines()) == ["DATABASE_URL", "PORT", "SECRET_KEY"]
    assert "SECRET_KEY: a key has 32 characters or more\n" in told


@pytest.mark.parametrize(
    "storage",
    ["tests.canary:Storage", "canary:Storage", "tests.entrypoints.wiring.toy_storage:Canary", "sqlite3:canary"],
)
@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_storage_that_can_not_be_found_is_told_by_name(run: Run, command: str, storage: str) -> None:
    assert "STORAGE" in require_refused(run(command, STORAGE=storage))


def test_a_production_that_lacks_its_secrets_is_told_which(run: Run) -> None:
    assert "SECRET_KEY must be set in production" in require_refused(run("serve", ENVIRONMENT="production"))


@pytest.mark.parametrize(
    ("option", "value"),
    [("--port", "65536"), ("--port", "-1"), ("--port", "x"), ("--workers", "0"), ("--workers", "65")],
)
def test_an_option_is_bounded_as_its_setting(run: Run, option: str, value: str) -> None:
    assert option in require_refused(run("serve", option, value, STORAGE="memory"))


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_the_help_names_every_command(run: Run, arguments: list[str]) -> None:
    told = run(*arguments).output

    for command in ("serve", "migrate", "openapi", "backup", "restore"):
        assert command in told
    for sentence in ("Serve the REST interface", "Bring the database to the newest revision", "Print the OpenAPI"):
        assert sentence in told


def test_the_help_of_serve_names_the_settings_behind_its_options(run: Run) -> None:
    told = run("serve", "--help").stdout

    for option, setting in {"--host": "[HOST]", "--port": "[PORT]", "--workers": "[WORKERS]"}.items():
        assert option in told
        assert setting in told
    assert "--reload" in told
