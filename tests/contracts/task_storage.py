import pytest

from adapters.composed.storage import ComposedStorage
from adapters.memory.storage import InMemoryStorage
from application.storage import Storage
from application.tasks.ports import TaskStorage
from tests.contracts.identity.user_removals import UserRemovalContract
from tests.contracts.platform.transactions import TransactionContract
from tests.contracts.tasks.filters import FilterContract
from tests.contracts.tasks.history import HistoryContract
from tests.contracts.tasks.order import OrderContract
from tests.contracts.tasks.paging import PagingContract
from tests.contracts.tasks.revisions import RevisionContract
from tests.contracts.tasks.search import SearchContract
from tests.contracts.tasks.statistics import StatisticsContract
from tests.contracts.tasks.tags import TagContract
from tests.contracts.tasks.tasks import TaskContract
from tests.contracts.tasks.values import ValueContract


class TaskStorageContract(
    TaskContract,
    HistoryContract,
    RevisionContract,
    OrderContract,
    FilterContract,
    SearchContract,
    PagingContract,
    TagContract,
    StatisticsContract,
    ValueContract,
    TransactionContract,
    UserRemovalContract,
):
    """What every TaskStorage must do beside another storage. A suite overrides `task_storage` with an empty one."""

    @pytest.fixture
    def task_storage(self) -> TaskStorage:
        raise NotImplementedError

    @pytest.fixture
    def storage(self, task_storage: TaskStorage) -> Storage:
        return ComposedStorage(tasks=task_storage, rest=InMemoryStorage())
