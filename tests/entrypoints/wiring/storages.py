"""Storages of a third party, as named by the setting STORAGE."""

from typing import Final, Self

from adapters.memory.storage import InMemoryStorage
from application.platform.events import EventDispatcher
from application.storage import UnitOfWork

THIRD_PARTY_STORAGE: Final = "tests.entrypoints.wiring.storages:ThirdPartyStorage"
BROKEN_STORAGE: Final = "tests.entrypoints.wiring.storages:BrokenStorage"


class ThirdPartyStorage:
    """Has the members of the port and no others: neither a schema nor metrics."""

    is_process_local = True
    migrator = None
    copier = None

    def __init__(self) -> None:
        self._storage = InMemoryStorage()

    def unit_of_work(self, dispatcher: EventDispatcher | None = None) -> UnitOfWork:
        return self._storage.unit_of_work(dispatcher)

    async def check(self) -> None:
        pass


class BrokenStorage(ThirdPartyStorage):
    async def __aenter__(self) -> Self:
        raise RuntimeError("out of order")

    async def __aexit__(self, *_: object) -> None:
        pass
