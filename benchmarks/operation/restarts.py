"""Programs of the service are replaced one after another: restarts, other keys, another version."""

import subprocess
import time
from collections import Counter
from email import message_from_bytes
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.operation.load import Load
from benchmarks.operation.programs import CHECKOUT, TIMEOUT
from benchmarks.operation.result import Result, result_of
from benchmarks.operation.system import System, running_system, select
from benchmarks.servers import ROOT
from tests.deployment.previous_version import install_revision
from tests.documentation.production_guide import rotation_steps
from tests.servers.postgres import PostgresServer

PAUSE: Final = 1.0
"""Seconds from the start of one program to the stop of the next."""
TOKEN_MINUTES: Final = 1
"""Lifetime of access tokens while the key is rotated."""
REVISION: Final = "SELECT version_num FROM alembic_version"


def restart(clients: int, rounds: int = 2) -> Result:
    """Restart the instances one after another, and kill the worker in between."""
    with PostgresServer() as postgres, running_system(postgres) as system:
        with Load(system.url, clients) as load:
            for instance in system.instances * rounds:
                time.sleep(PAUSE)
                system.worker.kill()
                instance.restart()
                system.worker.start()
            time.sleep(PAUSE)
        waiting = _wait_for_mails(system)
        result = result_of(system, load)
        recipients = Counter(str(message_from_bytes(mail.read_bytes())["To"]) for mail in system.mails.glob("*.eml"))
        missing = {f"{name}@example.com" for name in load.registered} - set(recipients)
        result.broken += [f"no mail to {address}" for address in sorted(missing)]
        result.broken += [f"{waiting} jobs wait"] * bool(waiting)
        result.remarks.append(f"{recipients.total()} mails to {len(load.registered)} users")
        return result


def rotate_key(clients: int) -> Result:
    """Rotate the key in the steps of the guide. Clients refresh their tokens in the second half of the lifetime."""
    before, *steps = rotation_steps()
    settings = {**before, "ACCESS_TOKEN_EXPIRE_MINUTES": str(TOKEN_MINUTES)}
    with PostgresServer() as postgres, running_system(postgres, settings=settings) as system:
        with Load(system.url, clients, refresh_after=TOKEN_MINUTES * 60 * 0.6) as load:
            for number, step in enumerate(steps):
                time.sleep(TOKEN_MINUTES * 60 if number == len(steps) - 1 else PAUSE)
                for program in system.programs:
                    program.settings = {**system.settings, **dict.fromkeys(before, ""), **step}
                    program.restart()
            time.sleep(PAUSE)
        return result_of(system, load)


def upgrade(clients: int, revision: str | None = None) -> Result:
    """Upgrade from an earlier revision of the repository, and go back to it."""
    revision = revision or before_last_migration()
    with TemporaryDirectory() as made, PostgresServer() as postgres:
        Path(made).chmod(0o755)
        previous = install_revision(revision, Path(made))[1]
        with running_system(postgres, commands=previous) as system:
            with Load(system.url, clients) as load:
                time.sleep(PAUSE)
                before = select(system.owner_url, REVISION)
                system.run("migrate", url=system.owner_url)
                for commands in (CHECKOUT, previous):
                    for program in system.programs:
                        time.sleep(PAUSE)
                        program.commands = commands
                        program.restart()
                time.sleep(PAUSE)
            result = result_of(system, load)
            after = select(system.owner_url, REVISION)
            result.remarks.append(f"{revision[:7]}, schema {before[0]} to {after[0]}")
            return result


def before_last_migration() -> str:
    """Return the commit before the newest migration."""
    command = ["git", "log", "-1", "--format=%H^", "--diff-filter=A", "--", "migrations/versions"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def _wait_for_mails(system: System) -> int:
    """Wait until no mail waits, also for the leases of killed workers. Return the number of jobs that are left."""
    waiting = "SELECT count(*) FROM jobs WHERE kind LIKE '%_mail' AND died_at IS NULL AND finished_at IS NULL"
    deadline = time.monotonic() + TIMEOUT
    while (amount := int(select(system.owner_url, waiting)[0])) and time.monotonic() < deadline:
        time.sleep(1)
    return amount
