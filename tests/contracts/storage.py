from tests.contracts.storage_files import FileContract
from tests.contracts.storage_filters import FilterContract
from tests.contracts.storage_history import HistoryContract
from tests.contracts.storage_idempotency import IdempotencyContract
from tests.contracts.storage_jobs import JobContract
from tests.contracts.storage_order import OrderContract
from tests.contracts.storage_paging import PagingContract
from tests.contracts.storage_races import RaceContract
from tests.contracts.storage_reset_tokens import ResetTokenContract
from tests.contracts.storage_revisions import RevisionContract
from tests.contracts.storage_search import SearchContract
from tests.contracts.storage_sessions import SessionContract
from tests.contracts.storage_statistics import StatisticsContract
from tests.contracts.storage_tags import TagContract
from tests.contracts.storage_tasks import TaskContract
from tests.contracts.storage_transactions import TransactionContract
from tests.contracts.storage_use_cases import UseCaseContract
from tests.contracts.storage_users import UserContract
from tests.contracts.storage_users_changes import UserChangeContract
from tests.contracts.storage_users_query import UserQueryContract
from tests.contracts.storage_values import ValueContract


class StorageContract(
    TransactionContract,
    RaceContract,
    TaskContract,
    UserContract,
    UserQueryContract,
    UserChangeContract,
    SessionContract,
    FileContract,
    ResetTokenContract,
    JobContract,
    IdempotencyContract,
    HistoryContract,
    RevisionContract,
    UseCaseContract,
    OrderContract,
    FilterContract,
    SearchContract,
    PagingContract,
    TagContract,
    StatisticsContract,
    ValueContract,
):
    """What every Storage must do. An adapter's suite overrides `storage`."""
