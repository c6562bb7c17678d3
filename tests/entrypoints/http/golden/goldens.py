"""Golden data: what clients of version 1 saw. The files beside this module never change for a renaming."""

import json
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent


def golden(name: str) -> Any:
    """Return the recorded data."""
    return json.loads((FOLDER / f"{name}.json").read_text())
