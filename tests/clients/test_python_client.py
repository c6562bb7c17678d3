"""A client that is generated from the OpenAPI document works."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.entrypoints.http.service_process import ServerProcess

COMMANDS: Final = Path(sys.executable).parents[1] / "clients" / "bin"
"""The generator and the packages that its clients need."""
SESSION: Final = Path(__file__).with_name("python_session.py")


def test_a_generated_client_runs_the_example_session_and_pages_by_cursor(sqlite_url: str, tmp_path: Path) -> None:
    with ServerProcess(tmp_path, sqlite_url) as server:
        generate_client(f"{server.url}/openapi.json", tmp_path)
        run("python", SESSION, server.url, directory=tmp_path)


def generate_client(url: str, directory: Path) -> None:
    """Generate the package `generated`. A warning is an error: the client would lack what the generator left out."""
    config = directory / "config.yaml"
    config.write_text("post_hooks: []")
    options = ("--meta", "none", "--output-path", "generated", "--config", config, "--fail-on-warning")
    run("openapi-python-client", "generate", "--url", url, *options, directory=directory)


def run(command: str, *arguments: str | Path, directory: Path) -> None:
    done = subprocess.run(
        [COMMANDS / command, *arguments],
        cwd=directory,
        env={"PYTHONPATH": str(directory)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
