import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner, Result

from entrypoints.cli.app import app
from tests.entrypoints.given import KEY
from tests.entrypoints.http.service_process import COMMAND

Run = Callable[..., Result]

SEED: Final = ("seed", "--username", "ann", "--seed", "7")
PASSWORD: Final = "Correct-Horse-7\n"
TIMEOUT: Final = 60
MANY: Final = 12_000
BATCH: Final = 250


@pytest.fixture
def run(empty_directory: Path) -> Run:
    def run(*arguments: str, input: str = PASSWORD, **environment: str) -> Result:
        runner = CliRunner(env={**environment, "TERM": "dumb", "COLUMNS": "200", "NO_COLOR": "1"})
        return runner.invoke(app, arguments, input=input)

    return run


@pytest.fixture
def database(run: Run, empty_directory: Path) -> Path:
    assert run("migrate").exit_code == 0
    return empty_directory / "data/task-manager.db"


def count(database: Path, table: str = "tasks") -> int:
    with closing(sqlite3.connect(database)) as connection:
        (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(found)


def test_a_missing_account_is_created(run: Run, database: Path) -> None:
    result = run(*SEED, "--tasks", "30")

    assert result.exit_code == 0, result.output
    assert result.stdout == "ann has 30 tasks of seed 7\n"
    assert "source=command" in next(line for line in result.stderr.splitlines() if "user_registered" in line)
    assert (count(database), count(database, "users")) == (30, 1)


def test_the_same_seed_adds_no_tasks_to_an_account_and_another_seed_does(run: Run, database: Path) -> None:
    for _ in range(2):
        assert run(*SEED, "--tasks", "30").exit_code == 0
    assert count(database) == 30

    assert run("seed", "--username", "ANN", "--tasks", "5", input="").exit_code == 0
    assert (count(database), count(database, "users")) == (35, 1)


def test_a_weak_password_is_rejected(run: Run, database: Path) -> None:
    result = run(*SEED, "--tasks", "30", input="weak\n")

    assert result.exit_code == 1
    assert "password" in result.stderr
    assert count(database, "users") == 0


def test_production_needs_the_option_force(run: Run, database: Path) -> None:
    production = {
        "ENVIRONMENT": "production",
        "SECRET_KEY": KEY,
        "DATABASE_URL": f"sqlite+aiosqlite:///{database}",
        "ALLOWED_ORIGINS": "https://tasks.example.com",
        "MAIL_URL": "smtp://mail.example.com",
    }
    refused = run(*SEED, "--tasks", "30", **production)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert count(database) == 0

    assert run(*SEED, "--tasks", "30", "--force", **production).exit_code == 0
    assert count(database) == 30


def test_memory_is_rejected(run: Run) -> None:
    assert run(*SEED, "--tasks", "1", STORAGE="memory").exit_code == 2


def test_a_database_that_was_not_migrated_is_rejected(run: Run) -> None:
    result = run(*SEED, "--tasks", "1")

    assert result.exit_code == 2
    assert "task-manager migrate" in result.stderr


def test_an_interrupted_seed_keeps_complete_batches_and_can_be_continued(
    run: Run, database: Path, empty_directory: Path
) -> None:
    process = subprocess.Popen(
        [COMMAND, *SEED, "--tasks", f"{MANY}"],
        cwd=empty_directory,
        env={"PATH": os.defpath},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(PASSWORD)
    process.stdin.flush()
    deadline = time.monotonic() + TIMEOUT
    while count(database) == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=TIMEOUT)
    stored = count(database)

    assert process.returncode == 130
    assert message.splitlines()[1:] == ["interrupted; --seed 7 adds the remaining tasks if repeated today"]
    assert 0 < stored < MANY
    assert stored % BATCH == 0
    assert run(*SEED, "--tasks", f"{MANY}", input="").exit_code == 0
    assert count(database) == MANY
