import re
from collections import Counter
from typing import Final

from tests.architecture.sources import PACKAGES, ROOT, all_files, modules, named

MAX_LINES: Final = 250
MAX_MODULES: Final = 14
GROWING: Final = {"migrations/versions"}
"""Directories to which releases add modules."""

PUBLIC_INTERFACES: Final = {"task_manager/__init__.py", "task_manager/testing/__init__.py"}
"""Packages that programs import, which re-export names of other modules."""

MEANINGLESS: Final = {"utils", "util", "common", "base", "helpers", "helper", "interfaces", "misc"}

PACKAGE_INDEX: Final = re.compile(
    r"https?://[^\s\"'<>]*(pypi|pythonhosted|npmjs|yarnpkg|anaconda|/simple\b)"
    r"|(?<!no-emit-)index[-]url|find[-]links|pypi\.org|pythonhosted\.org|npmjs\.(com|org)|registry\.[a-z]+\.",
    re.IGNORECASE,
)


def test_no_module_has_more_than_250_lines() -> None:
    lengths = {named(path): len(path.read_text().splitlines()) for path in modules((*PACKAGES, "benchmarks"))}

    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_only_the_init_modules_of_public_interfaces_contain_code() -> None:
    not_empty = [
        named(path) for path in modules((*PACKAGES, "tests")) if path.name == "__init__.py" and path.read_text()
    ]

    assert set(not_empty) == PUBLIC_INTERFACES


def test_every_directory_with_modules_is_a_package() -> None:
    folders = {path.parent for path in modules((*PACKAGES, "tests"))} - {ROOT / "migrations/versions"}

    assert [named(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_no_module_has_a_meaningless_name() -> None:
    vague = [named(path) for path in modules((*PACKAGES, "tests", "benchmarks")) if path.stem in MEANINGLESS]

    assert vague == []


def test_no_file_contains_the_address_of_a_package_index() -> None:
    matches = {}
    for path in all_files():
        found = PACKAGE_INDEX.search(path.read_bytes().decode(errors="replace"))
        if found:
            matches[named(path)] = found[0]

    assert matches == {}


def test_no_directory_has_more_than_14_modules() -> None:
    sizes = Counter(
        named(path.parent) for path in modules((*PACKAGES, "tests", "benchmarks")) if path.name != "__init__.py"
    )

    assert {name: size for name, size in sizes.items() if size > MAX_MODULES and name not in GROWING} == {}
