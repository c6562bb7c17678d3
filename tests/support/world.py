"""The application over one storage, with test doubles for everything else."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from adapters.memory.files.store import InMemoryFileStore
from adapters.process.cache import InProcessCache
from adapters.process.session_state_cache import LeasedSessionStateCache
from application.files.files import FileService
from application.files.jobs import REMOVE_BYTES, REMOVE_BYTES_OF_USER, FileJobs
from application.files.ports import FileStore
from application.identity.accounts import AccountService
from application.identity.credentials import Credentials
from application.identity.mails import RESET_MAIL, WELCOME_MAIL, MailJobs
from application.identity.passwords import PasswordService
from application.identity.ports import SessionStateCache
from application.identity.sessions import SessionService
from application.identity.users import UserService
from application.platform.cache import Cache
from application.storage import Storage
from application.tasks.batches import TaskBatchService
from application.tasks.tags import TagService
from application.tasks.tasks import TaskService
from application.tasks.total_cache import TotalCache
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
    """All services over one storage.

    Several worlds over one storage behave like several worker processes. Each needs its own range of ids.
    """

    def __init__(
        self,
        storage: Storage,
        clock: SettableClock,
        first_id: int = 0,
        *,
        session_states: SessionStateCache | None = None,
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
        self.session_states = session_states or LeasedSessionStateCache(0, is_single_process=True)
        new_id, new_secret = CountedIds(first_id), CountedSecrets(first_id)
        unit_of_work = storage.unit_of_work
        credentials = Credentials(PasswordPolicy.composed(frozenset()), self.hasher)
        shared = (self.session_states, self.audit, clock, new_id)
        self.tasks = TaskService(unit_of_work, TotalCache(cache or InProcessCache(), min_revision=0), clock, new_id)
        self.batches = TaskBatchService(unit_of_work, clock, new_id)
        self.tags = TagService(unit_of_work, clock, new_id)
        self.accounts = AccountService(unit_of_work, credentials, *shared)
        self.users = UserService(unit_of_work, self.accounts)
        self.passwords = PasswordService(unit_of_work, credentials, *shared)
        self.sessions = SessionService(
            unit_of_work,
            credentials,
            PlainTokens(),
            self.session_states,
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
            WELCOME_MAIL: mails.send_welcome,
            RESET_MAIL: mails.send_password_reset,
            REMOVE_BYTES: files.remove_bytes,
            REMOVE_BYTES_OF_USER: files.remove_bytes_of_user,
        }
        self.worker = JobWorker(unit_of_work, handlers, self.attempts, clock)

    async def work(self) -> None:
        """Run jobs until none is due."""
        while await self.worker.work():
            pass


@dataclass(frozen=True)
class Refusal:
    """A domain error as a comparable value."""

    kind: type[DomainError]
    message: str
    details: dict[str, Any]


async def outcome(answer: Awaitable[Any]) -> Any:
    """Return the result, or the Refusal if a domain error was raised."""
    try:
        return await answer
    except DomainError as error:
        return Refusal(type(error), str(error), vars(error))
