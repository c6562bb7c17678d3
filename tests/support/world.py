"""One storage with the application on top of it, and everything else around it in the test's hand."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from adapters.memory.files.store import InMemoryFileStore
from adapters.process.cache import InProcessCache
from adapters.process.session_state_cache import LeasedStandingCache
from application.files.files import FileService
from application.files.jobs import REMOVE_BYTES, REMOVE_BYTES_OF, FileJobs
from application.files.ports import FileStore
from application.identity.accounts import AccountService
from application.identity.credentials import Credentials
from application.identity.mails import RESET_MAIL, WELCOME_MAIL, MailJobs
from application.identity.passwords import PasswordService
from application.identity.ports import StandingCache
from application.identity.sessions import SessionService
from application.identity.users import UserService
from application.platform.cache import Cache
from application.storage import Storage
from application.tasks.batches import TaskBatchService
from application.tasks.tags import TagService
from application.tasks.tasks import TaskService
from application.tasks.totals import Totals
from domain.errors import DomainError
from domain.identity.password import PasswordPolicy
from entrypoints.worker.job_worker import JobWorker
from tests.support.stubs import (
    Attempts,
    AuditTrail,
    CountedIds,
    CountedSecrets,
    Mailbox,
    PlainHasher,
    PlainTokens,
    SettableClock,
)

LIFETIME: Final = timedelta(days=30)


class World:
    """Several, over one storage, are as several workers: give each ids of its own."""

    def __init__(
        self,
        storage: Storage,
        clock: SettableClock,
        first_id: int = 0,
        *,
        standings: StandingCache | None = None,
        mailbox: Mailbox | None = None,
        cache: Cache | None = None,
        store: FileStore | None = None,
        quota: int = 1000,
    ) -> None:
        self.storage = storage
        self.clock = clock
        self.hasher = PlainHasher()
        self.mailbox = mailbox or Mailbox()
        self.audit = AuditTrail()
        self.attempts = Attempts()
        self.store = store or InMemoryFileStore()
        self.standings = standings or LeasedStandingCache(0, is_alone=True)
        new_id, new_secret = CountedIds(first_id), CountedSecrets(first_id)
        unit_of_work = storage.unit_of_work
        credentials = Credentials(PasswordPolicy.composed(frozenset()), self.hasher)
        around = (self.standings, self.audit, clock, new_id)
        self.tasks = TaskService(unit_of_work, Totals(cache or InProcessCache(), worth_it=0), clock, new_id)
        self.batches = TaskBatchService(unit_of_work, clock, new_id)
        self.tags = TagService(unit_of_work, clock, new_id)
        self.accounts = AccountService(unit_of_work, credentials, *around)
        self.users = UserService(unit_of_work, self.accounts)
        self.passwords = PasswordService(unit_of_work, credentials, *around)
        self.sessions = SessionService(
            unit_of_work,
            credentials,
            PlainTokens(),
            self.standings,
            self.audit,
            clock,
            new_id,
            new_secret,
            LIFETIME,
        )
        self.files = FileService(unit_of_work, self.store, clock, new_id, quota)
        files = FileJobs(unit_of_work, self.store, clock)
        mails = MailJobs(unit_of_work, self.mailbox, self.audit, clock, new_secret, "https://tasks.example.com")
        handlers = {
            WELCOME_MAIL: mails.welcome,
            RESET_MAIL: mails.password_reset,
            REMOVE_BYTES: files.remove_bytes,
            REMOVE_BYTES_OF: files.remove_bytes_of,
        }
        self.worker = JobWorker(unit_of_work, handlers, self.attempts, clock)

    async def work(self) -> None:
        """Until no job is due."""
        while await self.worker.work():
            pass


@dataclass(frozen=True)
class Refusal:
    """What was raised, so far as a caller can tell."""

    kind: type[DomainError]
    message: str
    details: dict[str, Any]


async def outcome(answer: Awaitable[Any]) -> Any:
    """The answer, or the Refusal."""
    try:
        return await answer
    except DomainError as error:
        return Refusal(type(error), str(error), vars(error))
