"""Use an installed wheel outside the checkout."""

import ast
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx2
import pytest

from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from entrypoints.wiring.extras import EXTRAS
from hatch_build import PACKAGES, UnsupportedImport, rewrite_imports
from tests.architecture.sources import ROOT
from tests.deployment.wheel import run
from tests.documentation.test_readme import blocks
from tests.entrypoints.http.service_process import ServerProcess

MODULE: Final = re.compile(r"[a-z_]+(\.\w+)+(:\w+)?")
"""A dotted name in a string, as in `importlib.import_module` or in a target of uvicorn."""

WITHOUT_EXTRAS: Final = f"import sys; sys.modules |= dict.fromkeys({list(EXTRAS)})"


SUITE: Final = """
import pytest
from sqlite_tasks import SqliteTaskStorage
from task_manager.testing import TaskStorageContract

class TestTasks(TaskStorageContract):
    @pytest.fixture
    def task_storage(self, tmp_path):
        return SqliteTaskStorage(str(tmp_path / "tasks.db"))
"""


def test_the_wheel_has_one_top_level_package(installed: Path) -> None:
    (wheel,) = installed.parent.parent.glob("*.whl")
    names = run(installed / "python", "-m", "zipfile", "--list", wheel, where=wheel.parent).splitlines()[1:]

    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"task_manager"}
    assert not any("__pycache__" in name for name in names)


def names_of_modules(path: Path) -> Iterator[str]:
    """Return the modules that a module imports, and the strings that may name one."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.ImportFrom(module=str(name)):
                yield name
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.Constant(value=str(text)) if MODULE.fullmatch(text):
                yield text


def test_no_module_of_the_wheel_names_another_one_as_in_the_repository(installed: Path) -> None:
    (package,) = installed.parent.glob("lib/python*/site-packages/task_manager")
    found = {(name, path.name) for path in package.rglob("*.py") for name in names_of_modules(path)}
    in_repository = tuple(f"{name}." for name in PACKAGES if name != "task_manager")

    assert len(found) > 1000
    assert [(name, where) for name, where in found if f"{name}.".startswith(in_repository)] == []


@pytest.mark.parametrize(
    "statement",
    [
        "import domain",
        "import os, domain.errors",
        "import domain.errors as errors",
        "from tests.servers import ports",
        "x; import tests",
    ],
)
def test_an_import_that_would_not_work_in_the_wheel_fails_the_build(statement: str) -> None:
    with pytest.raises(UnsupportedImport, match=r"module.py:1: "):
        rewrite_imports(statement.encode(), Path("module.py"))


def test_only_imports_are_rewritten() -> None:
    source = (
        "from domain import errors\nif errors:\n    from tests.support.stubs import Mailbox  # from domain\nimport re\n"
    )
    expected = source.replace("from domain import", "from task_manager.domain import").replace(
        "tests.support", "task_manager.testing.support"
    )

    assert rewrite_imports(source.encode(), Path("module.py")) == expected.encode()


def test_the_in_process_example_runs_in_a_project_with_a_package_domain(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "domain").mkdir()
    (tmp_path / "domain/__init__.py").write_text("OWNER = 'the host'")
    example = next(block for block in blocks("python") if "asyncio.run" in block)
    printed = run(installed / "python", "-c", f"import domain\n{example}\nprint(domain.OWNER)", where=tmp_path)

    assert "1 Learn SQLAlchemy completed\nthe host\n" in printed


def test_the_document_of_the_api_is_that_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    document = json.loads(run(installed / "task-manager", "openapi", where=tmp_path))

    assert document == json.loads(json.dumps(create_app().openapi()))


def test_it_migrates_and_serves_from_any_folder(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ServerProcess, "command", installed / "task-manager")
    monkeypatch.setenv("PYTHONPATH", "")
    url = f"sqlite+aiosqlite:///{tmp_path}/tasks.db"

    with ServerProcess(tmp_path, url, MIGRATE_ON_START="true", ROOT_PATH="/tasks") as server:
        for path in ("/docs", "/redoc", "/static/swagger-ui-bundle.js", "/static/redoc.standalone.js", "/openapi.json"):
            assert (response := httpx2.get(server.url + path, trust_env=False)).status_code == 200, path
        assert response.json()["servers"][0]["url"] == "/tasks"


def test_without_extras_a_program_uses_sqlite_and_the_application(installed: Path, tmp_path: Path) -> None:
    run(
        installed / "python",
        "-c",
        f"{WITHOUT_EXTRAS}; from task_manager import Container; from task_manager.http import create_app\n"
        "import asyncio; create_app(); asyncio.run(Container().storage().migrator.upgrade())",
        where=tmp_path,
    )

    assert (tmp_path / str(Settings.model_fields["database_url"].default).partition(":///")[2]).exists()


def test_the_command_without_its_extra_names_it(installed: Path, tmp_path: Path) -> None:
    program = f"{WITHOUT_EXTRAS}; from task_manager.__main__ import main; main()"
    done = subprocess.run([installed / "python", "-c", program], cwd=tmp_path, capture_output=True, text=True)

    message = "the command task-manager needs more packages: pip install 'task-manager[cli]'\n"
    assert (done.returncode, done.stderr) == (2, message)


def test_the_contract_of_a_storage_of_tasks_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples/sqlite_tasks.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nanyio_mode = auto\n")
    (tmp_path / "test_tasks.py").write_text(SUITE)
    printed = run(installed / "python", "-m", "pytest", "-k", "an_added_task_is_returned", where=tmp_path)

    assert "1 passed" in printed
