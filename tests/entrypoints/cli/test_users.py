import json
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path
from uuid import uuid4

import pytest
from typer import Exit
from typer.testing import CliRunner, Result

from domain.errors import UsernameTaken
from entrypoints.cli.app import app
from entrypoints.cli.setup import read_password
from tests.entrypoints.http.given import PASSWORD

Run = Callable[..., Result]


@pytest.fixture
def create(empty_directory: Path, sqlite_url: str) -> Run:
    """Create an account for ann, with `stdin` as standard input."""

    def create(*arguments: str, stdin: str = PASSWORD, **environment: str) -> Result:
        runner = CliRunner(env={"DATABASE_URL": sqlite_url, "TERM": "dumb", "NO_COLOR": "1", **environment})
        ann = ("--username", "ann", "--email", "ann@example.com")
        return runner.invoke(app, ["users", "create", *ann, *arguments], input=stdin)

    return create


@pytest.mark.parametrize("stdin", [PASSWORD, f"{PASSWORD}\n", f"{PASSWORD}\nignored\n"])
def test_the_first_line_of_standard_input_is_the_password(create: Run, stdin: str) -> None:
    result = create("--role", "admin", stdin=stdin, LOG_LEVEL="ERROR", LOG_FORMAT="json")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].startswith("admin ann has id ")
    (recorded,) = [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]
    assert (recorded["event"], recorded["source"], recorded["new"]["role"]) == ("user_registered", "command", "admin")
    assert PASSWORD not in result.output


@pytest.mark.parametrize("line", [PASSWORD, f"{PASSWORD}\n", f"{PASSWORD}\r\n", f"\ufeff{PASSWORD}\r\n"])
def test_line_ends_and_byte_order_marks_are_not_part_of_the_password(
    monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(line.encode()), "utf-8", newline="\n"))
    assert read_password() == PASSWORD


def test_a_password_in_another_encoding_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO("Grüße-7".encode("latin-1")), "utf-8"))
    with pytest.raises(Exit):
        read_password()
    assert "is not utf-8 text" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "stdin", "status", "message"),
    [
        ((), "weak", 1, "8 to 128 characters"),
        ((), "", 1, "8 to 128 characters"),
        (("--username", "a b"), PASSWORD, 1, "username"),
        (("--email", "nonsense"), PASSWORD, 1, "e-mail address"),
        (("--role", "boss"), PASSWORD, 2, "--role"),
    ],
)
def test_invalid_input_is_reported_without_a_traceback(
    create: Run, arguments: tuple[str, ...], stdin: str, status: int, message: str
) -> None:
    result = create(*arguments, stdin=stdin)
    assert (result.exit_code, result.stderr.count("\n")) == (status, 1)
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_a_username_is_unique_in_any_case(create: Run) -> None:
    assert create().exit_code == 0
    again = create("--username", "ANN", "--email", "other@example.com")
    assert (again.exit_code, again.stderr) == (1, f"{UsernameTaken()}\n")


def test_an_account_in_memory_is_rejected(create: Run) -> None:
    result = create(STORAGE="memory")
    assert result.exit_code == 2
    assert "when this command ends" in result.stderr


def test_accounts_are_erased_by_id_and_missing_ones_are_skipped(create: Run, sqlite_url: str) -> None:
    created = [create("--username", name, "--email", f"{name}@example.com") for name in ("ann", "bob")]
    ids = [result.stdout.split()[-1] for result in created]
    environment = {"DATABASE_URL": sqlite_url, "LOG_FORMAT": "json"}

    refused = CliRunner(env=environment).invoke(app, ["users", "erase", *ids], input="n")
    erased = CliRunner(env=environment).invoke(app, ["users", "erase", "--yes", ids[0], str(uuid4()), ids[1]])

    assert (refused.exit_code, erased.exit_code) == (1, 0)
    recorded = [json.loads(line) for line in erased.stderr.splitlines() if line.startswith("{")]
    assert [line["user_id"] for line in recorded if line["event"] == "user_erased"] == ids
    assert {(line["source"], line.get("actor_id")) for line in recorded} == {("command", None)}
    assert "has no account" in erased.stderr
    assert create().exit_code == 0
