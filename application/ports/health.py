from typing import Protocol


class Check(Protocol):
    async def check(self) -> None:
        """Raises if what this stands for can't do its work."""
        ...
