import json
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pytest
import typer
from dependency_injector import providers
from typer.testing import CliRunner, Result
from uvicorn.config import STARTUP_FAILURE

from adapters.sql.schema.migrator import SqlSchema
from application.files.ports import FileStoreUnavailable
from application.platform.unit_of_work import StorageUnavailable
from domain.errors import TaskNotFound
from entrypoints.cli.app import app
from entrypoints.cli.exits import ExitCode
from entrypoints.http.app import create_app
from entrypoints.server import run as server
from entrypoints.wiring.container import Container
from tests.architecture.sources import ROOT
from tests.entrypoints.given import make_settings
from tests.entrypoints.wiring.storages import THIRD_PARTY_STORAGE

Run = Callable[..., Result]

UNREACHABLE: Final = (
    "postgresql+asyncpg://ann:canary@127.0.0.1:1/tasks",
    "postgresql+asyncpg://ann:canary@nowhere.invalid/tasks",
    "sqlite+aiosqlite:////dev/null/canary.db",
    "sqlite+aiosqlite:///.",
)

HEAD: Final = SqlSchema("").head

SLOW_TO_IMPORT: Final = (
    "entrypoints.http",
    "entrypoints.settings",
    "entrypoints.wiring.container",
    "pydantic_settings",
    "rich.console",
    "structlog",
    "uvicorn",
    "sqlalchemy",
)
"""Commands that run need some of these, but not `--version`, help and completion."""

INTERRUPTED_IMPORT: Final = """
import sys

class Interrupt:
    def find_spec(self, name, *_):
        if name == "entrypoints.cli.app":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
from entrypoints.cli.main import main
main()
"""


def fail_to_serve(host: str, port: int, **_: object) -> None:
    pytest.fail(f"it serves at {host}:{port}")


@pytest.fixture
def run(empty_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(server, "run", fail_to_serve)

    def run(*arguments: str, **environment: str) -> Result:
        runner = CliRunner(env={**environment, "TERM": "dumb", "COLUMNS": "200", "NO_COLOR": "1"})
        return runner.invoke(app, arguments)

    return run


def require_error(result: Result, status: ExitCode = ExitCode.USAGE) -> str:
    """Check that the command failed without a traceback. Return its error message."""
    assert result.exit_code == status, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert "canary" not in result.stderr
    return result.stderr


def test_the_help_imports_neither_the_server_nor_adapters() -> None:
    script = "import sys, entrypoints.cli.app; print(*sys.modules)"
    process = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert set(process.stdout.split()) & set(SLOW_TO_IMPORT) == set()


def test_an_interrupt_while_modules_load_is_one_line() -> None:
    process = subprocess.run([sys.executable, "-c", INTERRUPTED_IMPORT], cwd=ROOT, capture_output=True, text=True)

    assert (process.returncode, process.stdout, process.stderr) == (130, "", "interrupted\n")


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, "interrupted"),
        (typer.Abort(), ExitCode.REFUSED, "aborted"),
        (TaskNotFound(), ExitCode.REFUSED, "no such task"),
        (StorageUnavailable("gone"), ExitCode.UNAVAILABLE, "gone"),
        (FileStoreUnavailable("gone"), ExitCode.UNAVAILABLE, "gone"),
        (
            OSError(28, "No space left on device", "/tmp/a\x1bb"),
            ExitCode.USAGE,
            r"/tmp/a\x1bb: No space left on device",
        ),
    ],
    ids=repr,
)
def test_each_kind_of_error_has_its_exit_code_and_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: ExitCode, message: str
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("entrypoints.cli.commands.migrate.build_container", fail)

    assert require_error(run("migrate"), status) == f"{message}\n"


def test_wrong_usage_is_one_line_that_names_the_help(run: Run) -> None:
    assert require_error(run("users", "create", "--role", "boss")).endswith(". See root users create --help\n")
    assert require_error(run("migrat")) == "No such command 'migrat'. Did you mean 'migrate'? See root --help\n"


def test_the_version_is_printed(run: Run) -> None:
    assert run("--version").stdout == f"{version('task-manager')}\n"


def test_openapi_prints_the_document_that_is_served(run: Run, empty_directory: Path) -> None:
    result = run("openapi", STORAGE="memory")

    assert result.exit_code == 0
    container = Container(settings=providers.Object(make_settings(storage="memory")))
    assert json.loads(result.stdout) == create_app(container).openapi()
    assert list(empty_directory.iterdir()) == []


def test_openapi_needs_no_database(run: Run) -> None:
    assert json.loads(run("openapi", DATABASE_URL=UNREACHABLE[0]).stdout)["info"]["title"] == "Task Manager"


def test_migrate_creates_the_database_and_can_be_repeated(run: Run, empty_directory: Path) -> None:
    for _ in range(2):
        result = run("migrate")
        assert (result.exit_code, result.stdout) == (0, f"database at revision {HEAD}\n"), result.output

    assert (empty_directory / "data/task-manager.db").exists()


def test_migrate_to_an_older_revision_deletes_data_only_if_that_is_confirmed(run: Run) -> None:
    run("migrate")

    upgrade = run("migrate", "--dry-run", "--to", HEAD)
    refused = run("migrate", "--to", "0001")
    confirmed = run("migrate", "--to", "0001", "--yes")
    previewed = run("migrate", "--dry-run", "--to", "0002")
    upgraded = run("migrate", "--to", "0002")
    unknown = run("migrate", "--to", "9999")

    assert upgrade.stdout == "BEGIN IMMEDIATE;\nCOMMIT;\n"
    assert refused.exit_code == 1
    assert "revision" not in refused.stdout
    assert "0002_create_sessions" in refused.stderr
    assert (confirmed.exit_code, confirmed.stdout) == (0, "database at revision 0001\n")
    assert "CREATE TABLE sessions" in previewed.stdout
    assert (upgraded.exit_code, upgraded.stdout) == (0, "database at revision 0002\n")
    assert "revision 9999 does not exist" in require_error(unknown)


@pytest.mark.parametrize("storage", ["memory", THIRD_PARTY_STORAGE])
def test_migrate_fails_for_a_storage_without_schema(run: Run, storage: str) -> None:
    assert "no schema" in require_error(run("migrate", STORAGE=storage))


def test_serve_rejects_a_missing_database(run: Run) -> None:
    message = require_error(run("serve"))

    assert "task-manager migrate" in message
    assert "MIGRATE_ON_START" in message


def test_serve_rejects_a_database_that_was_not_migrated(run: Run, empty_directory: Path) -> None:
    sqlite3.connect(empty_directory / "tasks.db").close()

    message = require_error(run("serve", DATABASE_URL="sqlite+aiosqlite:///tasks.db"))

    assert "revision none" in message
    assert "task-manager migrate" in message


def test_serve_rejects_a_database_of_another_revision(run: Run, empty_directory: Path) -> None:
    run("migrate", DATABASE_URL="sqlite+aiosqlite:///tasks.db")
    connection = sqlite3.connect(empty_directory / "tasks.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000', compatible_from = NULL")
    connection.close()

    message = require_error(run("serve", DATABASE_URL="sqlite+aiosqlite:///tasks.db"))

    assert f"revision 0000, this program needs {HEAD}" in message
    assert "task-manager migrate" in message


@pytest.mark.parametrize("url", UNREACHABLE)
@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_an_unreachable_database_is_reported(run: Run, command: str, url: str) -> None:
    result = run(command, DATABASE_URL=url)

    assert "DATABASE_URL" in require_error(result, ExitCode(result.exit_code))
    assert result.exit_code in (ExitCode.USAGE, ExitCode.UNAVAILABLE)


@pytest.mark.parametrize("command", ["migrate", "serve", "jobs", "worker", "backup copy"])
def test_a_file_that_is_no_database_is_reported(run: Run, empty_directory: Path, command: str) -> None:
    (empty_directory / "tasks.db").write_bytes(b"canary" * 1000)

    message = require_error(run(*command.split(), DATABASE_URL="sqlite+aiosqlite:///tasks.db"), ExitCode.UNAVAILABLE)

    assert "damaged, or not an SQLite database" in message
    assert message.count("\n") == 1


def test_a_damaged_database_is_reported(run: Run, empty_directory: Path, sqlite_template: Path) -> None:
    content = sqlite_template.read_bytes()
    (empty_directory / "tasks.db").write_bytes(content[:4096] + bytes(len(content) - 4096))

    for command in ("migrate", "jobs"):
        result = run(command, DATABASE_URL="sqlite+aiosqlite:///tasks.db")
        assert "damaged" in require_error(result, ExitCode.UNAVAILABLE)


def test_the_line_of_the_env_file_that_is_not_utf_8_is_reported(run: Run, empty_directory: Path) -> None:
    (empty_directory / ".env").write_bytes("PORT=80\nMAIL_FROM=Müller <ann@example.com>\n".encode("latin-1"))
    assert require_error(run("migrate")) == ".env: line 2 is not UTF-8 text\n"


def test_an_unreadable_env_file_is_reported(run: Run, empty_directory: Path) -> None:
    (empty_directory / ".env").symlink_to("/proc/self/mem")  # a regular file that even root cannot read at its start
    assert require_error(run("migrate")) == ".env cannot be read: Input/output error\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "key must have at least 32 characters"),
        (b"ab", "key must have at least 32 characters"),
        (b" \n" * 32, "key must have at least 32 characters"),
        (b"\xff" * 32, "contains no key"),
        (None, "Is a directory"),
    ],
    ids=repr,
)
def test_serve_rejects_a_file_without_a_key(
    run: Run, empty_directory: Path, content: bytes | None, message: str
) -> None:
    path = empty_directory / "data/secret.key"
    path.parent.mkdir()
    path.mkdir() if content is None else path.write_bytes(content)

    error = require_error(run("serve", STORAGE="memory"))

    assert error.startswith("data/secret.key")
    assert message in error


def test_serve_reports_that_it_cannot_create_a_key(run: Run, empty_directory: Path) -> None:
    (empty_directory / "data").write_text("a file")
    assert "set SECRET_KEY" in require_error(run("serve", STORAGE="memory"))


def test_serve_proposes_another_port_if_the_port_is_taken(empty_directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner(env={"STORAGE": "memory", "NO_COLOR": "1"}).invoke(app, ["serve", "--port", port])

    assert (result.exit_code, result.stderr.count("\n")) == (STARTUP_FAILURE, 1), result.stderr
    assert result.stderr.endswith("choose another port, for example: PORT=8001 make run\n")


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "192.0.2.1"])
def test_serve_reports_an_address_on_which_it_cannot_listen(empty_directory: Path, host: str) -> None:
    environment = {"STORAGE": "memory", "NO_COLOR": "1", "HOST": "127.0.0.1", "PORT": "8001"}
    result = CliRunner(env=environment).invoke(app, ["serve", "--host", host, "--port", "0"])

    assert (result.exit_code, result.stderr.count("\n")) == (STARTUP_FAILURE, 1), result.stderr
    assert result.stderr.startswith(f"cannot listen on {host}")


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"DATABASE_URL": UNREACHABLE[0], "LOG_FORMAT": "json"}, "Connect call failed|Connection refused"),
        ({"ENVIRONMENT": "production"}, "SECRET_KEY must be set in production"),
        ({"ENVIRONMENT": "production", "STORAGE": "canary", "PORT": "x"}, "STORAGE: must be sql, .*; PORT: .* integer"),
        ({"ENVIRONMENT": "canary"}, "ENVIRONMENT: Input should be 'development', 'testing' or 'production'"),
    ],
    ids=str,
)
def test_a_service_that_logs_json_logs_why_it_does_not_start(
    run: Run, command: str, environment: dict[str, str], reason: str
) -> None:
    result = run(command, **environment)

    event = json.loads(result.stdout)
    status = ExitCode.UNAVAILABLE if "DATABASE_URL" in environment else ExitCode.USAGE
    assert (result.exit_code, result.stderr) == (status, "")
    assert (event["event"], event["level"]) == ("start_refused", "critical")
    assert re.search(reason, event["reason"]), event
    assert "canary" not in result.stdout


def test_a_service_that_logs_json_logs_that_it_cannot_listen(empty_directory: Path) -> None:
    environment = {"STORAGE": "memory", "LOG_FORMAT": "json"}
    result = CliRunner(env=environment).invoke(app, ["serve", "--host", "192.0.2.1", "--port", "0"])

    event = json.loads(result.stdout.splitlines()[-1])
    assert (result.exit_code, result.stderr) == (STARTUP_FAILURE, "")
    assert (event["event"], event["reason"][:24]) == ("start_refused", "cannot listen on 192.0.2")


@pytest.mark.parametrize("command", ["migrate", "serve", "openapi"])
def test_all_wrong_settings_are_reported_by_name(run: Run, command: str) -> None:
    message = require_error(run(command, PORT="canary", SECRET_KEY="canary", DATABASE_URL="mysql://canary"))

    assert sorted(line.partition(":")[0] for line in message.splitlines()) == ["DATABASE_URL", "PORT", "SECRET_KEY"]
    assert "SECRET_KEY: key must have at least 32 characters\n" in message


@pytest.mark.parametrize(
    "storage",
    [
        "tests.canary:Storage",
        "canary:Storage",
        "tests.entrypoints.wiring.storages:Canary",
        "sqlite3:canary",
        "tests.servers.ports:free_port",
    ],
)
@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_storage_that_cannot_be_imported_is_reported(run: Run, command: str, storage: str) -> None:
    assert "STORAGE" in require_error(run(command, STORAGE=storage))


def test_missing_production_settings_are_reported(run: Run) -> None:
    assert "SECRET_KEY must be set in production" in require_error(run("migrate", ENVIRONMENT="production"))


@pytest.mark.parametrize(
    ("option", "value"),
    [("--port", "65536"), ("--port", "-1"), ("--port", "x"), ("--workers", "0"), ("--workers", "65")],
)
def test_options_have_the_limits_of_their_settings(run: Run, option: str, value: str) -> None:
    assert option in require_error(run("serve", option, value, STORAGE="memory"))


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_the_help_lists_every_command(run: Run, arguments: list[str]) -> None:
    text = run(*arguments).output

    for command in ("serve", "migrate", "openapi", "backup", "restore"):
        assert command in text
    for sentence in ("Serve the REST API", "Migrate the database to the newest revision", "Print the OpenAPI"):
        assert sentence in text


def test_the_help_of_serve_shows_the_setting_of_each_option(run: Run) -> None:
    text = run("serve", "--help").stdout

    for option, setting in {"--host": "[HOST]", "--port": "[PORT]", "--workers": "[WORKERS]"}.items():
        assert option in text
        assert setting in text
    assert "--reload" in text
