import pytest

from adapters.memory.storage import InMemoryStorage
from tests.stubs import SettableClock
from tests.world import World


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def storage() -> InMemoryStorage:
    return InMemoryStorage()


@pytest.fixture
def world(storage: InMemoryStorage, clock: SettableClock) -> World:
    return World(storage, clock)
