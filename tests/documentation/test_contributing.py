"""The lists of files in CONTRIBUTING are complete."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.sources import ROOT, modules, named
from tests.architecture.test_fields import has_field

GUIDE: Final = (ROOT / "CONTRIBUTING.md").read_text()


def contains(pattern: str) -> Callable[[Path], bool]:
    word = re.compile(rf"\b(?:{pattern})\b")
    return lambda path: word.search(path.read_text()) is not None


EXAMPLES: Final[dict[str, Callable[[Path], bool]]] = {
    "A field": lambda path: has_field(path, "description"),
    "A filter": contains("created_before|CreatedBefore"),
    "A setting": contains("files_quota_bytes|FILES_QUOTA_BYTES"),
    "A use case": contains("list_sessions"),
    "A port method": contains("find_existing"),
    "An adapter": contains("RedisCache"),
}
"""For each recipe, whether a file belongs to its example."""


def recipe(title: str) -> str:
    return GUIDE.partition(f"### {title}\n")[2].partition("\n#")[0]


def test_every_recipe_is_tested() -> None:
    assert set(re.findall(r"^### (.*)$", GUIDE, re.MULTILINE)) == set(EXAMPLES)


@pytest.mark.parametrize("title", EXAMPLES)
def test_a_recipe_lists_all_production_files_of_its_example(title: str) -> None:
    listed = re.findall(r"^\d\. `([\w./]+)`", recipe(title), re.MULTILINE)
    sources = [*modules(), *(ROOT / name for name in ("README.md", "compose.yaml") if name in listed)]

    assert sorted(listed) == sorted(named(path) for path in sources if EXAMPLES[title](path))


@pytest.mark.parametrize("title", EXAMPLES)
def test_the_tests_that_a_recipe_names_exist(title: str) -> None:
    tests = re.findall(r"`(tests/[\w./]+\.py)`", recipe(title))

    assert [path for path in tests if not (ROOT / path).is_file()] == []
