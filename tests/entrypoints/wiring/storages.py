"""Storages of a third party, as named by the setting STORAGE."""

from typing import Final

from adapters.memory.storage import InMemoryStorage
from application.storage import UnitOfWork

THIRD_PARTY_STORAGE: Final = "tests.entrypoints.wiring.storages:ThirdPartyStorage"
BROKEN_STORAGE: Final = "tests.entrypoints.wiring.storages:BrokenStorage"


class ThirdPartyStorage:
    """Has the methods of the port and no others: neither a schema nor metrics."""

    def __init__(self) -> None:
        self._storage = InMemoryStorage()

    def unit_of_work(self) -> UnitOfWork:
        return self._storage.unit_of_work()

    async def open(self) -> None:
        pass

    async def check(self) -> None:
        pass

    async def close(self) -> None:
        pass


class BrokenStorage(ThirdPartyStorage):
    async def open(self) -> None:
        raise RuntimeError("out of order")
