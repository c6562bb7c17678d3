"""The steps of the guide restore a backup, on PostgreSQL with two roles and on SQLite."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from adapters.files.local import LocalFileStore
from adapters.redis.cache import PREFIX
from adapters.sql.engine.urls import libpq_url_of
from adapters.sql.schema.migrator import SqlSchema
from tests.architecture.sources import ROOT
from tests.conftest import run_in_thread
from tests.contracts.given import register
from tests.documentation.guide import PAGES, Block, blocks, blocks_of, section
from tests.entrypoints.cli.backup.command import PROGRAMS, back_up, chunks, task_manager
from tests.migrations.databases import opened
from tests.servers.postgres import Postgres
from tests.support.builders import ANN, a_user

PASSWORD = "of a role for one test"
BACKUP = "/var/backups/task-manager/task-manager-2026-11-20T030000Z.zip"


class Machine:
    """Runs the blocks of the guide, with other paths and names than those of a production system."""

    def __init__(self, root: Path, postgres: Postgres, name: str) -> None:
        self.root = root
        self.name = name
        self.state = root / "var/lib/task-manager"
        self.audit_log = root / "var/log/task-manager/audit.log"
        self.is_running = True
        self._postgres = postgres
        self._exported: dict[str, str] = {}

    def url(self, role: str = "tasks", database: str = "tasks") -> str:
        url = make_url(self._postgres.url(self._named(database)))
        return url.set(username=self._named(role), password=PASSWORD).render_as_string(hide_password=False)

    @property
    def old_url(self) -> str:
        return self.url(database="tasks_before_restore")

    def run(self, block: Block) -> None:
        if block.language == "sql":
            self._psql(block.text)
            return
        for command in re.sub(r"\s*(\\|\|)\n\s*", r" \1 ", block.text).replace(" \\ ", " ").splitlines():
            self._run(command)

    def _run(self, command: str) -> None:
        first, *rest = shlex.split(command.replace("/var/", f"{self.root}/var/"))
        match first:
            case "task-manager":
                self.task_manager(*rest)
            case "systemctl":
                assert all((ROOT / "deploy/systemd" / unit).is_file() for unit in rest[1:])
                self.is_running = rest[0] == "start"
            case "export":
                assert rest == ["DATABASE_URL=postgresql+asyncpg://tasks_owner:…@host/tasks"]
                self._exported = {"DATABASE_URL": self.url("tasks_owner")}
            case "jq":
                self._erase(command, self._select(rest[1]))
            case "DATABASE_URL=postgresql+asyncpg://tasks:…@host/tasks_before_restore":
                self._erase(command, self._search(" ".join(rest)))
            case "mv" | "mkdir" | "rm":
                subprocess.run(["sh", "-euc", command.replace("/var/", f"{self.root}/var/")], check=True)
            case "curl" | "redis-cli":  # other tests cover the path of the health check and the keys of the cache
                pass
            case _:
                raise AssertionError(command)

    def task_manager(self, *arguments: str, url: str | None = None) -> str:
        environment = {"FILES_URL": f"file://{self.state}/files", "AUDIT_LOG": str(self.audit_log)}
        url = url or self._exported.get("DATABASE_URL") or self.url()
        code, output = task_manager(*arguments, url=url, **environment)
        assert code == 0, output
        return output

    def use_service_role(self) -> None:
        self._exported = {}

    def _select(self, expression: str) -> list[str]:
        """Return what the expression of `jq` selects from the audit log."""
        found = re.fullmatch(r'select\(\.event == "(\w+)" and \.timestamp > "(\S+)"\) \| \.(\w+)', expression)
        assert found is not None
        events = map(json.loads, self.audit_log.read_text().splitlines())
        since = re.sub("[0-9]", "0", found[2])  # the clock of this machine may be wrong
        return [event[found[3]] for event in events if event["event"] == found[1] and event["timestamp"] > since]

    def _erase(self, command: str, user_ids: list[str]) -> None:
        assert len(set(user_ids)) == 1
        self.task_manager(*shlex.split(command.partition("xargs -r task-manager ")[2]), *user_ids)

    def _search(self, pipeline: str) -> list[str]:
        """Return what `jq` selects from the audit events of the old database."""
        found = re.fullmatch(r"task-manager (audit .+) \| jq -r \.items\[\]\.(\w+) \| xargs .+", pipeline)
        assert found is not None
        since = re.sub("20[0-9]{2}-", "2000-", found[1])  # the clock of this machine may be wrong
        events = json.loads(self.task_manager(*since.split(), url=self.old_url))["items"]
        return [event[found[2]] for event in events]

    def _named(self, text: str) -> str:
        return re.sub(r"\btasks(_\w+)?\b", rf"{self.name}\1", text)

    def _psql(self, script: str) -> None:
        subprocess.run(
            ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", self._libpq_url],
            input=self._named(script).replace("…", PASSWORD),
            env={"PATH": PROGRAMS},
            text=True,
            check=True,
        )

    @property
    def _libpq_url(self) -> str:
        return libpq_url_of(self._postgres.url("postgres"))


class SqliteMachine(Machine):
    def url(self, role: str = "tasks", database: str = "tasks") -> str:
        return f"sqlite+aiosqlite:///{self.state}/tasks.db"

    @property
    def old_url(self) -> str:
        (url,) = re.findall(r"`(sqlite\S+)`", section("restore", "Steps"))
        return str(url).replace("/var/", f"{self.root}/var/")


@pytest.fixture(params=["sqlite", "postgresql"])
def machine(request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres) -> Iterator[Machine]:
    """A machine with an empty, migrated database."""
    for directory in ("lib", "log", "backups"):
        (tmp_path / "var" / directory / "task-manager").mkdir(parents=True)
    name = f"guide_{uuid4().hex}"
    if request.param == "sqlite":
        machine: Machine = SqliteMachine(tmp_path, postgres, name)
        run_in_thread(SqlSchema(machine.url()).upgrade())
        yield machine
        return
    machine = Machine(tmp_path, postgres, name)
    try:
        machine.run(Block("sql", blocks("postgresql", "sql")[0]))
        run_in_thread(SqlSchema(machine.url("tasks_owner")).upgrade())
        yield machine
    finally:
        for database in (name, f"{name}_before_restore"):
            run_in_thread(postgres.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)'))
        run_in_thread(postgres.execute(f"DROP ROLE {name}; DROP ROLE {name}_owner"))


def steps(machine: Machine) -> list[str]:
    """Return the texts of the steps, with those of SQLite instead of the statements."""
    numbered = re.split(r"^\d\. ", section("restore", "Steps").partition("**One role.**")[0], flags=re.MULTILINE)[1:]
    if isinstance(machine, SqliteMachine):
        (moved,) = blocks_of(PAGES["restore"].partition("**SQLite.**")[2].partition("\n## ")[0])
        numbered[2] += f"\n```sh\n{moved.text}```\n"
        return [
            re.sub(r"```sql.*?```|^ *export [^\n]*\n", "", step, flags=re.DOTALL | re.MULTILINE) for step in numbered
        ]
    return numbered


async def test_the_steps_restore_a_backup_without_users_who_were_erased_since(machine: Machine) -> None:
    files = LocalFileStore(machine.state / "files")
    async with opened(machine.url()) as storage:
        await register(storage, a_user(id=ANN, username="ann"))
        await register(storage, bob := a_user(username="bob"))
    await files.put("ann/file", chunks(b"content"))
    back_up(machine.url("tasks_owner"), machine.root / BACKUP[1:], FILES_URL=f"file://{machine.state}/files")
    machine.task_manager("users", "erase", "--yes", str(bob.id))
    await files.remove("ann/file")

    for step in steps(machine):
        for block in blocks_of(step):
            machine.run(block)
        if "task-manager migrate" in step:
            machine.use_service_role()

    assert machine.is_running
    async with opened(machine.url()) as storage, storage.unit_of_work() as uow:
        assert await uow.users.get(ANN) is not None
        assert await uow.users.find_by_login("bob") is None
    assert [stored.key async for stored in files.list()] == ["ann/file"]
    assert not (machine.state / "files-before-restore").exists()


def test_the_steps_delete_only_the_keys_of_the_cache_from_redis() -> None:
    (pattern,) = re.findall(r"--pattern '(\S+)'", PAGES["restore"])

    assert fnmatch(f"{PREFIX}a-key", pattern)
    assert not fnmatch("task-manager:login/60/127.0.0.1/0", pattern)
