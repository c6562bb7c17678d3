import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner, Result

from entrypoints.cli.main import app
from tests.entrypoints.given import KEY

Run = Callable[..., Result]

TASK_MANAGER: Final = Path(sys.executable).with_name("task-manager")
SEED: Final = ("seed", "--username", "ann", "--seed", "7")
PASSWORD: Final = "Correct-Horse-7\n"
PATIENCE: Final = 60


@pytest.fixture
def run(empty_place: Path) -> Run:
    def run(*arguments: str, input: str = PASSWORD, **environment: str) -> Result:
        runner = CliRunner(env={**environment, "TERM": "dumb", "COLUMNS": "200", "NO_COLOR": "1"})
        return runner.invoke(app, arguments, input=input)

    return run


@pytest.fixture
def database(run: Run, empty_place: Path) -> Path:
    assert run("migrate").exit_code == 0
    return empty_place / "data/task-manager.db"


def count(database: Path, table: str = "tasks") -> int:
    with closing(sqlite3.connect(database)) as connection:
        (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(found)


def test_an_account_is_made_and_filled(run: Run, database: Path) -> None:
    result = run(*SEED, "--tasks", "30")

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "ann has 30 tasks of seed 7"
    assert result.stderr == ""
    assert (count(database), count(database, "users")) == (30, 1)


def test_an_account_that_is_there_is_filled_and_the_same_seed_adds_nothing(run: Run, database: Path) -> None:
    for _ in range(2):
        assert run(*SEED, "--tasks", "30").exit_code == 0
    assert count(database) == 30

    assert run("seed", "--username", "ANN", "--tasks", "5", input="").exit_code == 0
    assert (count(database), count(database, "users")) == (35, 1)


def test_a_weak_password_is_refused(run: Run, database: Path) -> None:
    result = run(*SEED, "--tasks", "30", input="weak\n")

    assert result.exit_code == 2
    assert "password" in result.stderr
    assert count(database, "users") == 0


def test_production_is_seeded_only_by_force(run: Run, database: Path) -> None:
    production = {
        "ENVIRONMENT": "production",
        "SECRET_KEY": KEY,
        "DATABASE_URL": f"sqlite+aiosqlite:///{database}",
        "ALLOWED_ORIGINS": "https://tasks.example.com",
    }
    refused = run(*SEED, "--tasks", "30", **production)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert count(database) == 0

    assert run(*SEED, "--tasks", "30", "--force", **production).exit_code == 0
    assert count(database) == 30


def test_memory_is_not_worth_it(run: Run) -> None:
    assert run(*SEED, "--tasks", "1", STORAGE="memory").exit_code == 2


def test_a_database_that_was_not_migrated_is_refused(run: Run) -> None:
    result = run(*SEED, "--tasks", "1")

    assert result.exit_code == 2
    assert "task-manager migrate" in result.stderr


def test_interrupted_it_keeps_whole_batches_and_tells_how_to_go_on(database: Path, empty_place: Path) -> None:
    def begun() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [TASK_MANAGER, *SEED, "--tasks", "20000"],
            cwd=empty_place,
            env={"PATH": os.defpath},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    first = begun()
    assert first.stdin is not None
    first.stdin.write(PASSWORD)
    first.stdin.flush()
    deadline = time.monotonic() + PATIENCE
    while count(database) == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    first.send_signal(signal.SIGINT)
    _, told = first.communicate(timeout=PATIENCE)
    kept = count(database)

    assert first.returncode == 130
    assert told == "interrupted; --seed 7 stores the rest today\n"
    assert 0 < kept < 20000
    assert kept % 1000 == 0
    second = begun()
    second.communicate(timeout=PATIENCE)
    assert second.returncode == 0
    assert count(database) == 20000
