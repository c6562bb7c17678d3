from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from entrypoints.cli.main import app
from tests.entrypoints.http.given import PASSWORD

Run = Callable[..., Result]


@pytest.fixture
def create(empty_place: Path, sqlite_url: str) -> Run:
    """The command, for ann, with `answers` on standard input."""

    def create(*arguments: str, answers: str = PASSWORD, **environment: str) -> Result:
        runner = CliRunner(env={"DATABASE_URL": sqlite_url, "TERM": "dumb", "NO_COLOR": "1", **environment})
        ann = ("--username", "ann", "--email", "ann@example.com")
        return runner.invoke(app, ["users", "create", *ann, *arguments], input=answers)

    return create


@pytest.mark.parametrize("answers", [PASSWORD, f"{PASSWORD}\n", f"{PASSWORD}\nignored\n"])
def test_an_account_is_made_with_the_first_line_as_its_password(create: Run, answers: str) -> None:
    result = create("--role", "admin", answers=answers)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].startswith("admin ann has id ")
    assert PASSWORD not in result.output


@pytest.mark.parametrize(
    ("arguments", "answers", "why"),
    [
        ((), "weak", "a password has 8 to 128 characters"),
        ((), "", "a password has 8 to 128 characters"),
        (("--username", "a b"), PASSWORD, "a username has"),
        (("--email", "nonsense"), PASSWORD, "an e-mail address"),
        (("--role", "boss"), PASSWORD, "--role"),
    ],
)
def test_what_makes_no_account_is_told_in_a_sentence(
    create: Run, arguments: tuple[str, ...], answers: str, why: str
) -> None:
    result = create(*arguments, answers=answers)
    assert result.exit_code == 2
    assert why in result.stderr
    assert "Traceback" not in result.output


def test_a_name_is_taken_once(create: Run) -> None:
    assert create().exit_code == 0
    again = create("--username", "ANN", "--email", "other@example.com")
    assert (again.exit_code, again.stderr) == (2, "the username is taken\n")


def test_none_is_made_where_it_would_be_gone_at_once(create: Run) -> None:
    result = create(STORAGE="memory")
    assert result.exit_code == 2
    assert "gone with this command" in result.stderr
