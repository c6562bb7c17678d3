import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result
from uuid_utils.compat import uuid7

from adapters.sql.storage import SqlStorage
from application.jobs.ports import AT_ONCE, JobNotFound, JobQueue
from entrypoints.cli.app import app
from tests.conftest import run_in_thread
from tests.contracts.jobs.jobs import a_job
from tests.support.builders import NOW

Run = Callable[..., Result]


@pytest.fixture
def run(empty_directory: Path, sqlite_url: str) -> Run:
    def run(*arguments: str) -> Result:
        environment = {"DATABASE_URL": sqlite_url, "TERM": "dumb", "NO_COLOR": "1"}
        return CliRunner(env=environment).invoke(app, ["jobs", *arguments])

    return run


@pytest.fixture
def dead(sqlite_url: str) -> list[str]:
    """Create two dead jobs and a due one. Return the ids of the dead jobs."""
    jobs = [a_job(kind="first"), a_job(kind="second")]

    async def kill(queue: JobQueue) -> None:
        await queue.add(*jobs, a_job())
        for job in await queue.claim(AT_ONCE, limit=9):
            if job.kind != "example":
                await queue.start(job, AT_ONCE)
                await queue.dead_letter(job, NOW, error="SMTPException: connection refused\x1b[31m")

    async def prepare() -> None:
        storage = SqlStorage(sqlite_url)
        await storage.open()
        async with storage.unit_of_work() as uow:
            await kill(uow.jobs)
            await uow.commit()
        await storage.close()

    run_in_thread(prepare())
    return [str(job.id) for job in jobs]


def counts(run: Run) -> str:
    return run().stdout.splitlines()[0]


def test_jobs_are_counted(run: Run, dead: list[str]) -> None:
    result = run()
    lines = result.stdout.splitlines()
    assert (result.exit_code, lines[0]) == (0, "due 1, waiting 0, dead 2")
    assert re.fullmatch(r"the oldest due job waits for \d+ s", lines[1])
    assert json.loads(run("--json").stdout)["failures"]["first"] == {"retried": 0, "dead": 1}
    assert lines[2:] == ["first: 0 failed and are retried, 1 dead", "second: 0 failed and are retried, 1 dead"]


def test_all_dead_jobs_or_those_of_a_kind_are_requeued_or_discarded(run: Run, dead: list[str]) -> None:
    assert run("requeue", "--all", "--kind", "first").stdout.endswith("requeued 1 jobs\n")
    assert run("discard", "--all", "--kind", "first").stdout == "discarded 0 jobs\n"
    assert run("discard", "--all").stdout.endswith("discarded 1 jobs\n")
    assert counts(run) == "due 2, waiting 0, dead 0"


@pytest.mark.parametrize("arguments", [[], [str(uuid7()), "--all"], [str(uuid7()), "--kind", "first"]])
def test_either_one_job_or_all_are_requeued_or_discarded(run: Run, arguments: list[str]) -> None:
    for command in ("requeue", "discard"):
        result = run(command, *arguments)
        assert result.exit_code == 2
        assert "--all" in result.stderr


def test_dead_jobs_are_listed_with_their_last_error(run: Run, dead: list[str]) -> None:
    lines = run("list").stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert re.match(r"[0-9a-f-]{36}\t(first|second)\t2026-03-04T12:00:00Z\t1\tSMTPException: conn", line)
        assert line.endswith(r"refused\x1b[31m")
    (latest,) = json.loads(run("list", "--limit", "1", "--json").stdout)["items"]
    assert lines[0].split("\t")[:2] == [latest["id"], latest["kind"]]


def test_a_dead_job_is_requeued_or_discarded(run: Run, dead: list[str], sqlite_url: str) -> None:
    assert run("requeue", dead[0]).exit_code == 0
    assert run("discard", dead[1]).exit_code == 0
    assert counts(run) == "due 2, waiting 0, dead 0"

    result = CliRunner(env={"DATABASE_URL": sqlite_url}).invoke(app, ["audit", "--json"])
    events = [(event["event"], event["source"], event["details"]) for event in json.loads(result.stdout)["items"]]
    assert events == [
        ("jobs_discarded", "command", {"job_id": dead[1], "number": 1}),
        ("jobs_requeued", "command", {"job_id": dead[0], "number": 1}),
    ]


def test_a_job_that_is_not_dead_cannot_be_requeued_or_discarded(run: Run, dead: list[str]) -> None:
    run("requeue", dead[0])
    for command in ("requeue", "discard"):
        result = run(command, dead[0])
        assert (result.exit_code, result.stderr) == (1, f"{JobNotFound()}\n")
    assert run("requeue", "no-uuid").exit_code == 2
    assert counts(run) == "due 2, waiting 0, dead 1"


@pytest.mark.parametrize(
    "arguments",
    [
        ["jobs"],
        ["jobs", "list"],
        ["jobs", "requeue", str(uuid7())],
        ["jobs", "discard", str(uuid7())],
        ["worker"],
        ["users", "create", "--username", "ann", "--email", "ann@example.com"],
    ],
)
def test_commands_need_a_migrated_database(arguments: list[str], empty_directory: Path) -> None:
    environment = {"DATABASE_URL": f"sqlite+aiosqlite:///{empty_directory}/none.db", "TERM": "dumb", "NO_COLOR": "1"}
    result = CliRunner(env=environment).invoke(app, arguments, input="Correct-Horse-7\n")
    assert result.exit_code == 2
    assert "task-manager migrate" in result.stderr
