"""The pages of the guide for production."""

import re
from typing import Final, NamedTuple

from tests.architecture.sources import ROOT

INDEX: Final = ROOT / "docs/production.md"
PAGES: Final = {path.stem: path.read_text() for path in sorted((ROOT / "docs/production").glob("*.md"))}
GUIDE: Final = "\n".join((INDEX.read_text(), *PAGES.values()))

FENCED: Final = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    language: str
    text: str


def blocks(page: str, language: str) -> list[str]:
    return [block.text for block in blocks_of(PAGES[page]) if block.language == language]


def blocks_of(text: str) -> list[Block]:
    """Return the code blocks of a text, without the indentation of list items."""
    return [
        Block(language, re.sub(f"^{indentation}", "", block, flags=re.MULTILINE))
        for indentation, language, block in FENCED.findall(text)
    ]


def section(page: str, title: str) -> str:
    """Return the part of a page between this heading and the next one of the same level."""
    return PAGES[page].partition(f"\n## {title}\n")[2].partition("\n## ")[0]
