import pytest

from adapters.memory.storage import InMemoryStorage
from tests.contracts.given import register
from tests.support.builders import ANN, BEN, a_user
from tests.support.stubs import SettableClock
from tests.support.world import World


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def storage(clock: SettableClock) -> InMemoryStorage:
    return InMemoryStorage(clock.now)


@pytest.fixture
def world(storage: InMemoryStorage, clock: SettableClock) -> World:
    return World(storage, clock)


@pytest.fixture
async def ann_and_ben(storage: InMemoryStorage) -> None:
    await register(storage, a_user(id=ANN), a_user(id=BEN))
