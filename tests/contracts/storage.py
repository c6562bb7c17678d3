from tests.contracts.audit.audit_events import AuditEventContract
from tests.contracts.files.files import FileContract
from tests.contracts.identity.reset_tokens import ResetTokenContract
from tests.contracts.identity.sessions import SessionContract
from tests.contracts.identity.user_changes import UserChangeContract
from tests.contracts.identity.user_queries import UserQueryContract
from tests.contracts.identity.user_removals import UserRemovalContract
from tests.contracts.identity.users import UserContract
from tests.contracts.jobs.jobs import JobContract
from tests.contracts.platform.idempotency import IdempotencyContract
from tests.contracts.platform.races import RaceContract
from tests.contracts.platform.states import UnitOfWorkStateContract
from tests.contracts.platform.transactions import TransactionContract
from tests.contracts.platform.use_cases import UseCaseContract
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


class StorageContract(
    TransactionContract,
    UnitOfWorkStateContract,
    RaceContract,
    TaskContract,
    UserContract,
    UserQueryContract,
    UserChangeContract,
    UserRemovalContract,
    SessionContract,
    FileContract,
    ResetTokenContract,
    JobContract,
    IdempotencyContract,
    AuditEventContract,
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
    """What every storage must do. The test suite of an adapter overrides the `storage` fixture."""
