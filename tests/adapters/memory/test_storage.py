import pytest

from adapters.memory.storage import InMemoryStorage
from tests.contracts.storage import StorageContract


class TestInMemoryStorage(StorageContract):
    @pytest.fixture
    def storage(self) -> InMemoryStorage:
        return InMemoryStorage()
