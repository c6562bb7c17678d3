"""The application over one storage, with test doubles for everything else."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from adapters.archive.zip import ZipArchiveFormat
from adapters.demo.tasks import demo_task
from adapters.logs.tasks import StructlogTaskLog
from adapters.memory.files.store import InMemoryFileStore
from adapters.process.cache import InProcessCache
from adapters.process.rate_limiter import InProcessRateLimiter
from adapters.process.session_state_cache import LeasedSessionStateCache
from application.files.ports import FileStore
from application.identity.ports import SessionStateCache
from application.platform.cache import Cache
from application.platform.rate_limits import RateLimits
from application.storage import Storage
from domain.errors import DomainError
from domain.identity.password import PasswordPolicy
from entrypoints.wiring.services import Adapters, ServiceOptions, build_services
from tests.support.stubs import (
    Attempts,
    AuditTrail,
    CountedIds,
    CountedSecrets,
    Mailbox,
    PlainHasher,
    PlainTokens,
    RecordingHealthMonitor,
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
        quota: int = 1 << 20,
        rate_limits: RateLimits | None = None,
    ) -> None:
        self.storage = storage
        self.clock = clock
        self.hasher = PlainHasher()
        self.mailbox = mailbox or Mailbox()
        self.audit = AuditTrail()
        self.attempts = Attempts()
        self.store = store or InMemoryFileStore()
        self.session_states = session_states or LeasedSessionStateCache(0, is_single_process=True)
        self.services = build_services(
            Adapters(
                clock=clock,
                new_id=CountedIds(first_id),
                new_secret=CountedSecrets(first_id),
                storage=storage,
                file_store=self.store,
                archive_format=ZipArchiveFormat(),
                hasher=self.hasher,
                tokens=PlainTokens(),
                password_policy=PasswordPolicy.composed(frozenset()),
                session_states=self.session_states,
                mailer=self.mailbox,
                audit=self.audit,
                log_event=StructlogTaskLog().handle,
                rate_limiter=InProcessRateLimiter(),
                cache=cache or InProcessCache(),
                job_monitor=self.attempts,
                health_monitor=RecordingHealthMonitor(),
                demo_task=demo_task,
            ),
            ServiceOptions(
                session_lifetime=LIFETIME,
                files_quota=quota,
                public_url="https://tasks.example.com",
                job_lease=timedelta(seconds=30),
                audit_age=timedelta(days=365),
                rate_limits=rate_limits or RateLimits(),
                min_cached_revision=0,
            ),
        )
        self.accounts, self.users, self.bootstrap = (
            self.services.accounts,
            self.services.users,
            self.services.bootstrap,
        )
        self.sessions, self.passwords = self.services.sessions, self.services.passwords
        self.tasks, self.batches, self.tags = self.services.tasks, self.services.task_batches, self.services.tags
        self.files, self.worker = self.services.files, self.services.job_worker

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
