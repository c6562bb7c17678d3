"""`serve` and `worker` refuse the file store of another database."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from application.files.keys import STORE_ID_KEY
from entrypoints.cli.app import app
from entrypoints.server import run as server
from tests.entrypoints.given import KEY


@pytest.fixture(autouse=True)
def served(monkeypatch: pytest.MonkeyPatch, empty_directory: Path) -> list[str]:
    """Return the hosts on which the service would be served."""
    served: list[str] = []

    def serve(host: str, *_: Any, **__: Any) -> None:
        served.append(host)

    monkeypatch.setattr(server, "run", serve)
    return served


def run(command: str, url: str, files: Path) -> Result:
    environment = {"DATABASE_URL": url, "FILES_URL": files.as_uri(), "SECRET_KEY": KEY, "TERM": "dumb", "NO_COLOR": "1"}
    return CliRunner(env=environment).invoke(app, [command])


def test_the_first_start_stores_the_id_and_the_next_ones_accept_it(
    sqlite_url: str, tmp_path: Path, served: list[str]
) -> None:
    for _ in range(2):
        result = run("serve", sqlite_url, tmp_path / "files")
        assert result.exit_code == 0, result.output
    assert len(served) == 2
    assert (tmp_path / "files" / STORE_ID_KEY).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_the_file_store_of_another_database_is_refused_with_one_line(
    sqlite_url: str, tmp_path: Path, command: str, served: list[str]
) -> None:
    other = tmp_path / "files" / STORE_ID_KEY
    other.parent.mkdir(parents=True)
    other.write_text("6f1ed002-ab56-4d2c-8bd8-2f0d5ef1f1c1\n")

    result = run(command, sqlite_url, tmp_path / "files")

    assert (result.exit_code, served) == (2, [])
    (line,) = result.stderr.splitlines()
    assert "FILES_URL" in line and "DATABASE_URL" in line
