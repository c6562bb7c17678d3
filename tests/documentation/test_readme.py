"""The examples and tables of the README are correct."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from entrypoints.settings import Settings
from tests.entrypoints.http.service_process import ServerProcess

ROOT: Final = Path(__file__).parents[2]
README: Final = (ROOT / "README.md").read_text()


class MountedServer(ServerProcess):
    """A server of the application `host` in the module `host`."""

    health = "/tasks-api/health"

    @property
    def arguments(self) -> list[str | Path]:
        return [sys.executable, "-m", "uvicorn", "host:host", "--port", str(self.port)]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_in_process_example_prints_the_completed_task(tmp_path: Path) -> None:
    example = next(block for block in blocks("python") if "asyncio.run" in block)
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), "LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert "1 Learn SQLAlchemy completed" in done.stdout.splitlines()


def run_session(url: str) -> None:
    session = next(block for block in blocks("sh") if "auth/register" in block)
    script = "set -eu\n" + session.replace("http://127.0.0.1:8000", url).replace("curl -s", "curl -sS --fail")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr + done.stdout
    assert '"completion_rate":1.0' in done.stdout
    assert '"username":"ann"' in done.stdout.rpartition("completion_rate")[2]  # after the refresh


def test_the_example_session_completes_a_task(sqlite_url: str, tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, sqlite_url)
    server.start()
    try:
        run_session(server.url)
    finally:
        server.stop()


def test_the_example_session_works_in_the_application_that_mounts_the_service(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "host.py").write_text(next(block for block in blocks("python") if ".mount(" in block))
    server = MountedServer(tmp_path, sqlite_url, PYTHONPATH=str(ROOT))
    server.start()
    try:
        run_session(f"{server.url}/tasks-api")
    finally:
        server.stop()


def test_the_commands_for_tasks_work(sqlite_url: str, tmp_path: Path) -> None:
    commands = next(block for block in blocks("sh") if "task-manager tasks add" in block)
    account = "task-manager users create --username ann --email ann@example.com <<< Correct-Horse-7\n"
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": sqlite_url,
        "LOG_LEVEL": "ERROR",
    }
    script = f"set -euo pipefail\n{account}{commands}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert '"completed": 1' in done.stdout
    assert "Water the plants" in (tmp_path / "ann.json").read_text()


def test_the_table_lists_every_setting_with_its_default_and_description() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` (\|.*\|)$", README, re.MULTILINE))

    assert rows == {name.upper(): row(name) for name in Settings.model_fields}


def test_the_files_that_the_readme_names_exist() -> None:
    table = README.partition("| to learn | read |")[2].partition("\n\n")[0]
    paths = re.findall(r"`(\w+(?:/[\w.]+)+)`", table)

    assert len(paths) >= 15
    assert [path for path in paths if not (ROOT / path).exists()] == []


def row(name: str) -> str:
    field = Settings.model_fields[name]
    default = field.default
    if isinstance(default, tuple):
        default = ",".join(default)
    text = str(default).lower() if isinstance(default, bool) else str(default)
    return f"| `{text}` | {field.description} |" if default not in (None, "", {}) else f"| | {field.description} |"
