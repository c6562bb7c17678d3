"""Commands for the data of one account."""

import io
import json
import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from domain.tasks.task import TaskChanges
from domain.tasks.task_query import TaskFilter
from entrypoints.cli.app import app
from entrypoints.cli.options import with_options
from entrypoints.cli.terminal.output import table
from tests.entrypoints.http.given import PASSWORD, UNKNOWN
from tests.entrypoints.http.service_process import COMMAND

Run = Callable[..., Result]

ITEM: Final = {
    "id": UNKNOWN,
    "title": "Water the plants",
    "status": "in_progress",
    "due_date": "2027-01-31",
    "tags": "home",
}


@pytest.fixture
def run(empty_directory: Path, sqlite_url: str) -> Run:
    """Run commands as ann, who has an account."""

    def run(*arguments: str, input: str = "", **environment: str) -> Result:
        variables = {"DATABASE_URL": sqlite_url, "TASK_MANAGER_USER": "ann", "NO_COLOR": "1", **environment}
        return CliRunner(env=variables).invoke(app, arguments, input=input)

    created = run("users", "create", "--username", "ann", "--email", "ann@example.com", input=PASSWORD)
    assert created.exit_code == 0, created.output
    return run


def output(result: Result) -> str:
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_tasks_are_added_listed_changed_and_deleted(run: Run) -> None:
    row = output(run("tasks", "add", "Tidy\x1b[31m\tup", "--due", "2027-01-31", "--tag", "Home", "--tag", "soon"))
    task_id, *fields = row.rstrip("\n").split("\t")
    output(run("tasks", "add", "Rest", "--priority", "low", "--user", "ANN@example.com"))

    assert fields == [r"Tidy\x1b[31m\tup", "pending", "2027-01-31", "medium", "home,soon"]
    assert output(run("tasks", "list", "--tag", "home", "--due-after", "2027-01-31", "--status", "pending")) == row
    edited = json.loads(output(run("tasks", "edit", task_id, "--clear", "due", "--priority", "high", "--json")))
    assert (edited["due_date"], edited["priority"], edited["tags"]) == (None, "high", ["home", "soon"])
    output(run("tasks", "done", task_id))
    assert "status\tcompleted\n" in output(run("tasks", "show", task_id))
    assert output(run("tags")) == "home\t1\nsoon\t1\n"
    assert json.loads(output(run("stats", "--json")))["by_status"]["completed"] == 1
    output(run("tasks", "delete", task_id))
    assert json.loads(output(run("tasks", "list", "--json")))["total"] == 1


def test_a_list_has_as_many_rows_as_asked_for_and_tells_about_the_rest(run: Run) -> None:
    assert run("seed", "--username", "ann", "--tasks", "130", "--seed", "1").exit_code == 0

    some = run("tasks", "list", "--limit", "120")

    assert (len(some.stdout.splitlines()), some.stderr) == (120, "120 of 130 tasks; --limit and --all print more\n")
    assert len(output(run("tasks", "list", "--all")).splitlines()) == 130


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("tasks", "show", UNKNOWN), 1, "no such task"),
        (("tasks", "list", "--user", "bob"), 1, "no such user"),
        (("tasks", "add", " "), 1, "title must have"),
        (("tasks", "add", "Rest", "--due", "tomorrow"), 2, "Invalid value for '--due': the value must be a date"),
        (("tasks", "list", "--tag", "a,b"), 2, "Invalid value for '--tag': tag must be"),
        (("tasks", "edit", UNKNOWN), 2, "at least one field"),
        (("users", "set-role", "ann", "boss"), 2, "boss"),
    ],
)
def test_a_refused_command_prints_one_line(run: Run, arguments: tuple[str, ...], status: int, message: str) -> None:
    result = run(*arguments)

    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (status, "", 1), result.output
    assert message in result.stderr


def test_the_data_of_an_account_is_exported_to_a_new_file(run: Run, empty_directory: Path) -> None:
    output(run("tasks", "add", "Rest"))

    output(run("export", "ann.json", AUDIT_LOG="audit.log"))

    exported = json.loads((empty_directory / "ann.json").read_text())
    assert [task["title"] for task in exported["tasks"]] == ["Rest"]
    event = json.loads((empty_directory / "audit.log").read_text())
    assert (event["event"], event["source"], event["actor_id"]) == (
        "account_exported",
        "command",
        exported["user"]["id"],
    )
    assert json.loads(run("export").stdout)["tasks"] == exported["tasks"]
    again = run("export", "ann.json")
    assert (again.exit_code, again.stderr) == (2, "ann.json: File exists\n")
    assert [path.name for path in empty_directory.iterdir() if "ann" in path.name] == ["ann.json"]


def test_accounts_are_listed_and_changed(run: Run) -> None:
    assert output(run("users", "list", "--role", "user", "--active")).split("\t")[1:3] == ["ann", "user"]
    assert "\tadmin\t" in run("users", "set-role", "ann", "admin").stdout
    last = run("users", "set-active", "ann", "false")
    assert (last.exit_code, last.stderr) == (1, "last active admin must remain an active admin\n")
    assert json.loads(output(run("users", "show", "ann", "--json")))["role"] == "admin"
    weak = run("users", "reset-password", "ann", input="weak\n")
    assert (weak.exit_code, weak.stderr.count("\n")) == (1, 1)
    assert run("users", "reset-password", "ann", input="Another-Horse-8\n").stdout == "ann has a new password\n"


def test_every_filter_and_every_field_is_an_option(run: Run) -> None:
    listed, added = run("tasks", "list", "--help").stdout, run("tasks", "edit", "--help").stdout

    for option in ("status", "priority", "tag", "completed", "overdue", "search", "created-after", "due-before"):
        assert f"--{option}" in listed
    for option in ("title", "description", "status", "completed", "priority", "due", "tag", "clear"):
        assert f"--{option}" in added
    assert "Examples:\n    task-manager tasks list" in listed


@pytest.mark.parametrize("declared", [TaskFilter, TaskChanges])
def test_options_that_are_not_given_are_no_values(declared: type[Any]) -> None:
    @with_options("values", declared, dict)
    def command(values: dict[str, Any]) -> dict[str, Any]:
        return values

    not_given: Any = dict.fromkeys(command.__signature__.parameters)  # type: ignore[attr-defined]

    assert command(**not_given) == {}


@pytest.mark.parametrize(("width", "shown"), [(100, 3), (60, 2), (40, 0), (20, 0)])
def test_a_narrow_terminal_leaves_out_the_last_columns(width: int, shown: int) -> None:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)

    console.print(table([ITEM], tuple(ITEM), width))

    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= width
    assert sum(name in lines[0] for name in ("status", "due date", "tags")) == shown
    assert "".join(lines[1:]).replace(" ", "").startswith("Water")


def test_a_terminal_gets_a_table_and_a_closed_pipe_no_error(run: Run, empty_directory: Path, sqlite_url: str) -> None:
    """Only a process of its own has a terminal."""
    output(run("tasks", "add", "Rest"))
    environment = {"PATH": os.defpath, "DATABASE_URL": sqlite_url, "TERM": "xterm", "LANG": "C", "COLUMNS": "80"}
    command = [str(COMMAND), "tasks", "list", "--user", "ann"]
    master, slave = pty.openpty()
    process = subprocess.Popen(command, cwd=empty_directory, env=environment, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    closed = subprocess.run(
        ["/bin/sh", "-c", f"{' '.join(command)} | true"],
        cwd=empty_directory,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert process.wait(60) == 0
    shown = os.read(master, 10_000).decode()
    os.close(master)
    assert "\x1b[" in shown
    assert "Rest" in shown
    assert "\t" not in shown
    assert closed.stderr == ""
