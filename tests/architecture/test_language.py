"""Code and documentation use plain terms, and links between documents work."""

import re
from typing import Final

from tests.architecture.sources import PACKAGES, ROOT, all_files, modules, named

UNWANTED: Final = re.compile(
    r"\b("
    + "|".join(
        first + second
        for first, second in (
            ("no", "body"),
            ("some", "body"),
            ("any", "body"),
            ("who", "ever"),
            ("to", "ld"),
            ("tells", " of"),
            ("he", "ir"),
            ("there", "of"),
            ("when", "ce"),
            ("of", " theirs"),
            ("as it", " stands"),
            ("come to", " the point"),
        )
    )
    + r")\b",
    re.IGNORECASE,
)
"""Built from parts, so that this file does not match."""

DOCUMENTS: Final = [
    *sorted(ROOT.glob("*.md")),
    *(path for path in all_files(ROOT / "docs") if path.suffix == ".md"),
]
PATH: Final = re.compile(
    r"`((?:task_manager|domain|application|adapters|entrypoints|migrations|tests|benchmarks|docs|deploy|locks)/[\w./-]*)`"
)
LINK: Final = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def test_no_text_contains_unwanted_words() -> None:
    matches = {}
    for path in [*modules((*PACKAGES, "tests", "benchmarks", "examples")), ROOT / "hatch_build.py", *DOCUMENTS]:
        if words := {found[0] for found in UNWANTED.finditer(path.read_text())}:
            matches[named(path)] = words

    assert matches == {}


def test_every_path_in_a_document_exists() -> None:
    missing = [
        (named(path), name)
        for path in DOCUMENTS
        for name in PATH.findall(path.read_text())
        if not (ROOT / name).exists()
    ]

    assert missing == []


def test_every_link_between_documents_leads_to_a_file() -> None:
    missing = [
        (named(path), link)
        for path in DOCUMENTS
        for link in LINK.findall(path.read_text())
        if not (path.parent / link).exists()
    ]

    assert missing == []
