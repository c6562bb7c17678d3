import re
from typing import Final

from tests.architecture.sources import PACKAGES, ROOT, all_files, modules, named

LONGEST: Final = 250

MEANINGLESS: Final = {"utils", "util", "common", "base", "helpers", "helper", "interfaces", "misc"}

PACKAGE_INDEX: Final = re.compile(
    r"https?://[^\s\"'<>]*(pypi|pythonhosted|npmjs|yarnpkg|anaconda|/simple\b)"
    r"|(?<!no-emit-)index[-]url|find[-]links|pypi\.org|pythonhosted\.org|npmjs\.(com|org)|registry\.[a-z]+\.",
    re.IGNORECASE,
)


def test_no_module_is_longer_than_a_reader_keeps_in_mind() -> None:
    lengths = {named(path): len(path.read_text().splitlines()) for path in modules((*PACKAGES, "benchmarks"))}

    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_importing_a_package_runs_nothing() -> None:
    written = [named(path) for path in modules((*PACKAGES, "tests")) if path.name == "__init__.py" and path.read_text()]

    assert written == []


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {path.parent for path in modules((*PACKAGES, "tests"))} - {ROOT / "migrations/versions"}

    assert [named(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_every_module_is_named_for_what_it_holds() -> None:
    vague = [named(path) for path in modules((*PACKAGES, "tests", "benchmarks")) if path.stem in MEANINGLESS]

    assert vague == []


def test_no_file_says_where_packages_are_fetched_from() -> None:
    told = {}
    for path in all_files():
        found = PACKAGE_INDEX.search(path.read_bytes().decode(errors="replace"))
        if found:
            told[named(path)] = found[0]

    assert told == {}
