import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from hatch_build import rewrite_imports
from tests.architecture.sources import ROOT, modules, named


def imported_by(path: Path) -> Iterator[str]:
    """Return the top-level package of each import."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(path)} has a relative import"
            yield (node.module or "").partition(".")[0]


def test_all_import_contracts_are_kept() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint_imports, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 kept, 0 broken" in done.stdout


def test_the_domain_imports_only_the_standard_library() -> None:
    allowed = sys.stdlib_module_names | {"domain"}
    foreign = {named(path): sorted(set(imported_by(path)) - allowed) for path in modules(["domain"])}

    assert {name: packages for name, packages in foreign.items() if packages} == {}


def test_the_application_imports_only_the_domain() -> None:
    allowed = sys.stdlib_module_names | {"domain", "application"}
    foreign = {named(path): sorted(set(imported_by(path)) - allowed) for path in modules(["application"])}

    assert {name: packages for name, packages in foreign.items() if packages} == {}


def test_migrations_import_only_the_schema() -> None:
    names = {
        node.module
        for path in modules(["migrations"])
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
    }
    ours = {name for name in names if name.partition(".")[0] in {"domain", "application", "adapters", "entrypoints"}}

    assert ours == {f"adapters.sql.schema.{name}" for name in ("connections", "extensions", "tables")}


def test_contracts_import_only_what_the_wheel_contains() -> None:
    for path in modules(["tests/contracts", "tests/support"]):
        rewrite_imports(path.read_bytes(), path)
