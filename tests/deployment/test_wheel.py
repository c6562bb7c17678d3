"""Install a wheel built from the files of the image, and use it outside the checkout."""

import shutil
from pathlib import Path

import httpx2
import pytest

from tests.architecture.sources import ROOT
from tests.deployment.files import instructions
from tests.deployment.wheel import install_wheel, run
from tests.entrypoints.http.service_process import ServerProcess


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the installed commands."""
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("made")
    for name, rest in instructions():
        if name == "COPY" and not rest.startswith(("--from", "locks")):
            for part in rest.split()[:-1]:
                copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
                copy(ROOT / part, source / part)
    return install_wheel(source, made)


def test_the_code_comes_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    places = run(
        installed / "python", "-c", "import migrations, entrypoints; print(migrations, entrypoints)", where=tmp_path
    )

    assert str(installed.parent) in places
    assert str(ROOT) not in places


def test_it_migrates_and_serves_from_any_folder(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ServerProcess, "command", installed / "task-manager")
    monkeypatch.setenv("PYTHONPATH", "")
    url = f"sqlite+aiosqlite:///{tmp_path}/tasks.db"

    with ServerProcess(tmp_path, url, MIGRATE_ON_START="true") as server:
        for path in ("/docs", "/redoc", "/static/swagger-ui-bundle.js", "/static/redoc.standalone.js", "/openapi.json"):
            assert httpx2.get(server.url + path, trust_env=False).status_code == 200, path
