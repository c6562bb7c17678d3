from dataclasses import dataclass
from typing import Final
from uuid import UUID

TOTAL_CAP: Final = 10_000
"""Up to here a total is counted, where it is not known without counting."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in an ordered list: just after the row with this sort key and id."""

    key: int | str
    id: UUID
