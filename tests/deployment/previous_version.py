"""Serve the schema of this checkout with the wheel of a previous version, as during an upgrade or after a roll-back.

python -m tests.deployment.previous_version REVISION

REVISION is a tag or commit of this repository, of which the clone needs the history. The test suite does not run this,
because a clone for continuous integration has no history.
"""

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.sql.schema.migrator import SqlSchema
from tests.architecture.sources import ROOT
from tests.conftest import run_in_thread
from tests.deployment.wheel import install_wheel
from tests.entrypoints.http.service_process import ServerProcess
from tests.servers.postgres import PostgresServer


def serve(programs: Path, url: str, session: str, folder: Path) -> None:
    """Migrate with this checkout. Then start the previous version, and run the example session of its README."""
    folder.mkdir()
    run_in_thread(SqlSchema(url).upgrade())
    previous = ServerProcess(folder, url, MIGRATE_ON_START="true")
    previous.command = programs / "task-manager"
    with previous as server:
        script = session.replace("http://127.0.0.1:8000", server.url).replace("curl -s", "curl -sS --fail")
        output = subprocess.run(["bash", "-euc", script], check=True, capture_output=True, text=True).stdout
    assert '"completion_rate":1.0' in output, output


def install_revision(revision: str, made: Path) -> tuple[Path, Path]:
    """Build and install the wheel of a revision. Return the folders of its files and of its commands."""
    source, folder = made / "source", made / "wheel"
    for path in (source, folder):
        path.mkdir()
    archive = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "--extract"], cwd=source, input=archive, check=True)
    return source, install_wheel(source, folder)


def main(revision: str) -> None:
    with TemporaryDirectory() as made, PostgresServer() as postgres:
        source, programs = install_revision(revision, Path(made))
        blocks = re.findall(r"```sh\n(.*?)```", (source / "README.md").read_text(), re.DOTALL)
        session = next(block for block in blocks if "auth/register" in block)
        for url in (postgres.url("postgres"), f"sqlite+aiosqlite:///{made}/tasks.db"):
            name = url.partition("+")[0]
            serve(programs, url, session, Path(made, name))
            print(f"{name}: {revision} serves revision {SqlSchema(url).head}")  # noqa: T201 - a script


if __name__ == "__main__":
    main(sys.argv[1])
