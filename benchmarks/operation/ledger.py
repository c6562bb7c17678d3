"""What clients wrote, and what the service must have stored for that reason."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import NamedTuple, Self


class Stored(NamedTuple):
    """A task or a file as the service returns it."""

    version: int
    content: str


@dataclass(slots=True)
class Entry:
    """One task or file."""

    acknowledged: dict[int, str]
    """The content by version."""
    writes_sent: int = 1
    is_removal_sent: bool = False
    is_removed: bool = False

    @property
    def version(self) -> int:
        """The newest acknowledged version."""
        return max(self.acknowledged)


@dataclass(slots=True)
class Ledger:
    """The writes of some clients. A write without an acknowledgement may or may not be stored."""

    entries: dict[str, Entry] = field(default_factory=dict)
    unknown_creations: int = 0

    def created(self, id: str, stored: Stored) -> None:
        self.entries[id] = Entry({stored.version: stored.content})

    def creation_failed(self) -> None:
        self.unknown_creations += 1

    def edit_sent(self, id: str) -> None:
        self.entries[id].writes_sent += 1

    def edited(self, id: str, stored: Stored) -> None:
        self.entries[id].acknowledged[stored.version] = stored.content

    def removal_sent(self, id: str) -> None:
        self.entries[id].is_removal_sent = True

    def removed(self, id: str) -> None:
        self.entries[id].is_removed = True

    def copy(self) -> Self:
        return deepcopy(self)

    def problems(self, found: Mapping[str, Stored], since: "Ledger | None" = None) -> list[str]:
        """Return how the stored tasks or files contradict this ledger.

        Args:
            found: The stored ones by id.
            since: An earlier copy of this ledger. Later writes may be stored or not.
        """
        required = (since or self).entries
        problems = [
            f"{id}: {problem}"
            for id, entry in self.entries.items()
            if (problem := _problem(entry, required.get(id), found.get(id)))
        ]
        if (unknown := len(found.keys() - self.entries.keys())) > self.unknown_creations:
            problems.append(f"{unknown} unknown ones, but only {self.unknown_creations} creations without a response")
        return problems


def _problem(entry: Entry, required: Entry | None, found: Stored | None) -> str | None:
    if found is None:
        return "is lost" if required and not entry.is_removal_sent else None
    if required and required.is_removed:
        return "is removed, but stored"
    if required and found.version < required.version:
        return f"version {required.version} is lost: version {found.version} is stored"
    if found.version > entry.writes_sent:
        return f"version {found.version} is stored after {entry.writes_sent} writes"
    if entry.acknowledged.get(found.version, found.content) != found.content:
        return f"version {found.version} has another content"
    return None
