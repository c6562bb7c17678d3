"""The pages of the guide for production."""

import re
from typing import Final

from tests.architecture.sources import ROOT

INDEX: Final = ROOT / "docs/production.md"
PAGES: Final = {path.stem: path.read_text() for path in sorted((ROOT / "docs/production").glob("*.md"))}
GUIDE: Final = "\n".join((INDEX.read_text(), *PAGES.values()))


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGES[page], re.DOTALL)
