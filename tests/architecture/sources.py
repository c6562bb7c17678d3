from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

PACKAGES: Final = ("task_manager", "domain", "application", "adapters", "entrypoints", "migrations")

GENERATED: Final = {"__pycache__", "data", "dist", "node_modules", "results"}
"""Generated files and directories. Hidden ones are excluded too."""


def all_files(start: Path = ROOT) -> Iterator[Path]:
    for entry in sorted(start.iterdir()):
        if entry.name.startswith(".") or entry.name in GENERATED or entry.name.endswith(".egg-info"):
            continue
        if entry.is_dir():
            yield from all_files(entry)
        else:
            yield entry


def modules(packages: Iterable[str] = PACKAGES) -> list[Path]:
    return [path for package in packages for path in all_files(ROOT / package) if path.suffix == ".py"]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
