"""Build the wheel with one top-level package, `task_manager`, from the top-level packages of this repository.

See docs/decisions/0035-one-namespace-in-the-wheel.md.
"""

import ast
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGES: Final = {
    "task_manager": "task_manager",
    "domain": "task_manager.domain",
    "application": "task_manager.application",
    "adapters": "task_manager.adapters",
    "entrypoints": "task_manager.entrypoints",
    "migrations": "task_manager.migrations",
    "tests.contracts": "task_manager.testing.contracts",
    "tests.support": "task_manager.testing.support",
}
"""Packages of the repository, and their names in the wheel."""

TOP_LEVEL: Final = {name.partition(".")[0] for name in PACKAGES}


class UnsupportedImport(Exception):
    """An import cannot be rewritten."""


class NamespaceHook(BuildHookInterface):  # type: ignore[type-arg]  # generic only for type checkers
    """Add the packages to the wheel under their names in it. An editable installation uses the repository as it is."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Copy the packages into the wheel."""
        if version == "editable":
            return
        self._made = TemporaryDirectory()
        for name, name_in_wheel in PACKAGES.items():
            copy_package(Path(self.root), name, Path(self._made.name), name_in_wheel)
        build_data["force_include"][self._made.name] = "/"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Delete the copies."""
        if version != "editable":
            self._made.cleanup()


def copy_package(root: Path, name: str, made: Path, name_in_wheel: str) -> None:
    """Copy a package below `root` to `made`, with rewritten imports."""
    source, target = root / name.replace(".", "/"), made / name_in_wheel.replace(".", "/")
    for path in sorted(source.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("."):
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            content = path.read_bytes()
            copy.write_bytes(rewrite_imports(content, path) if path.suffix == ".py" else content)


def rewrite_imports(source: bytes, path: Path) -> bytes:
    """Replace the names of the packages in import statements. Line numbers stay the same.

    Raises:
        UnsupportedImport: A statement imports a module that the wheel does not contain, or binds a name that would be
            another one in the wheel: `import domain` instead of `from domain import …`.
    """
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        for name in names:
            if name.partition(".")[0] not in TOP_LEVEL:
                continue
            where = f"{path}:{node.lineno}"
            line, start = lines[node.lineno - 1], node.col_offset
            old = b"from " + name.encode()
            if isinstance(node, ast.Import) or not line.startswith(old, start):
                raise UnsupportedImport(f"{where}: write `from {name} import …`")
            new = b"from " + name_in_wheel(name, where).encode()
            lines[node.lineno - 1] = line[:start] + new + line[start + len(old) :]
    return b"".join(lines)


def name_in_wheel(module: str, where: str) -> str:
    """Return the name in the wheel of a module of the repository.

    Raises:
        UnsupportedImport: The wheel does not contain it.
    """
    for name, renamed in PACKAGES.items():
        if module == name or module.startswith(f"{name}."):
            return renamed + module.removeprefix(name)
    raise UnsupportedImport(f"{where}: the wheel does not contain {module}")
