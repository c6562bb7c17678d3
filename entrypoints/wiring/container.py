"""The composition root: services and the adapters they use."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Final

from dependency_injector import providers

from adapters.demo.tasks import demo_task
from application.files.files import FileService
from application.files.jobs import REMOVE_BYTES, REMOVE_BYTES_OF_USER, SWEEP_FILES, SWEEP_INTERVAL, FileJobs
from application.identity.accounts import AccountService
from application.identity.credentials import Credentials
from application.identity.mails import RESET_MAIL, WELCOME_MAIL, MailJobs
from application.identity.passwords import PasswordService
from application.identity.sessions import SessionService
from application.identity.users import UserService
from application.jobs.service import JobService
from application.operations.backup import BackupService
from application.operations.expiry import EXPIRY, EXPIRY_INTERVAL, ExpiredDataRemover
from application.operations.export import ExportService
from application.operations.health import HealthService
from application.platform.idempotency import IdempotencyService
from application.platform.metrics import Metrics
from application.platform.rate_limits import RateLimits, RateLimitService
from application.tasks.batches import TaskBatchService
from application.tasks.seeding import SeedingService
from application.tasks.tags import TagService
from application.tasks.tasks import TaskService
from application.tasks.total_cache import TotalCache
from entrypoints.settings import Settings
from entrypoints.wiring.adapters import Adapters
from entrypoints.worker.job_worker import JobWorker, RecurringJob

_UNIT_OF_WORK: Final = Adapters.storage.provided.unit_of_work


def _metrics(jobs: JobService, *components: object) -> Metrics:
    """Collect the metrics of all components that have some. Adapters of third parties need none."""
    from adapters.metrics.prometheus import PrometheusMetrics

    return PrometheusMetrics(
        [metric for each in components for metric in getattr(each, "metrics", ())], [jobs.storage_gauge]
    )


def _rate_limits(settings: Settings) -> RateLimits:
    return RateLimits(*(settings.rate(name) for name in ("read", "write", "login", "register")))


class Container(Adapters):
    """Build every component once, on first use.

    Each provider can be replaced: `Container(storage=providers.Singleton(MyStorage))`.
    """

    credentials = providers.Singleton(Credentials, policy=Adapters.password_policy, hasher=Adapters.hasher)
    rate_limit_service = providers.Singleton(
        RateLimitService,
        limiter=Adapters.rate_limiter,
        limits=providers.Singleton(_rate_limits, Adapters.settings),
        audit=Adapters.audit,
        clock=Adapters.clock,
    )
    account_service = providers.Singleton(
        AccountService,
        unit_of_work=_UNIT_OF_WORK,
        credentials=credentials,
        session_states=Adapters.session_states,
        audit=Adapters.audit,
        clock=Adapters.clock,
        new_id=Adapters.new_id,
    )
    session_service = providers.Singleton(
        SessionService,
        unit_of_work=_UNIT_OF_WORK,
        credentials=credentials,
        tokens=Adapters.tokens,
        session_states=Adapters.session_states,
        audit=Adapters.audit,
        clock=Adapters.clock,
        new_id=Adapters.new_id,
        new_secret=Adapters.new_secret,
        lifetime=providers.Singleton(timedelta, days=Adapters.settings.provided.refresh_token_expire_days),
    )
    password_service = providers.Singleton(
        PasswordService,
        unit_of_work=_UNIT_OF_WORK,
        credentials=credentials,
        session_states=Adapters.session_states,
        audit=Adapters.audit,
        clock=Adapters.clock,
        new_id=Adapters.new_id,
    )
    user_service = providers.Singleton(UserService, unit_of_work=_UNIT_OF_WORK, accounts=account_service)
    backup_service = providers.Singleton(
        BackupService,
        database=Adapters.copier,
        files=Adapters.file_store,
        archive_format=Adapters.archive_format,
        clock=Adapters.clock,
    )
    export_service = providers.Singleton(ExportService, unit_of_work=_UNIT_OF_WORK, clock=Adapters.clock)
    total_cache = providers.Singleton(TotalCache, Adapters.cache)
    task_service = providers.Singleton(
        TaskService,
        unit_of_work=_UNIT_OF_WORK,
        total_cache=total_cache,
        clock=Adapters.clock,
        new_id=Adapters.new_id,
    )
    task_batch_service = providers.Singleton(
        TaskBatchService,
        unit_of_work=_UNIT_OF_WORK,
        clock=Adapters.clock,
        new_id=Adapters.new_id,
    )
    health_service = providers.Singleton(
        HealthService,
        critical=providers.Dict(database=Adapters.storage),
        optional=providers.Dict(cache=Adapters.rate_limiter, storage=Adapters.file_store),
    )
    seeding_service = providers.Singleton(
        SeedingService,
        unit_of_work=_UNIT_OF_WORK,
        demo_task=providers.Object(demo_task),
        clock=Adapters.clock,
        new_id=Adapters.new_id,
    )
    tag_service = providers.Singleton(
        TagService, unit_of_work=_UNIT_OF_WORK, clock=Adapters.clock, new_id=Adapters.new_id
    )
    idempotency_service = providers.Singleton(IdempotencyService, unit_of_work=_UNIT_OF_WORK, clock=Adapters.clock)

    file_service = providers.Singleton(
        FileService,
        unit_of_work=_UNIT_OF_WORK,
        store=Adapters.file_store,
        clock=Adapters.clock,
        new_id=Adapters.new_id,
        quota=Adapters.settings.provided.files_quota_bytes,
    )

    file_jobs = providers.Singleton(
        FileJobs,
        unit_of_work=_UNIT_OF_WORK,
        store=Adapters.file_store,
        clock=Adapters.clock,
    )
    mail_jobs = providers.Singleton(
        MailJobs,
        unit_of_work=_UNIT_OF_WORK,
        mailer=Adapters.mailer,
        audit=Adapters.audit,
        clock=Adapters.clock,
        new_secret=Adapters.new_secret,
        public_url=Adapters.settings.provided.public_url,
    )
    expiry = providers.Singleton(ExpiredDataRemover, unit_of_work=_UNIT_OF_WORK, clock=Adapters.clock)
    job_worker = providers.Singleton(
        JobWorker,
        unit_of_work=_UNIT_OF_WORK,
        handlers=providers.Dict(
            {
                WELCOME_MAIL: mail_jobs.provided.send_welcome,
                RESET_MAIL: mail_jobs.provided.send_password_reset,
                REMOVE_BYTES: file_jobs.provided.remove_bytes,
                REMOVE_BYTES_OF_USER: file_jobs.provided.remove_bytes_of_user,
                SWEEP_FILES: providers.Factory(RecurringJob, file_jobs.provided.sweep, SWEEP_INTERVAL),
                EXPIRY: providers.Factory(RecurringJob, expiry.provided.remove, EXPIRY_INTERVAL),
            }
        ),
        monitor=Adapters.job_monitor,
        clock=Adapters.clock,
        lease=providers.Singleton(timedelta, seconds=Adapters.settings.provided.job_lease_seconds),
    )
    job_service = providers.Singleton(JobService, unit_of_work=_UNIT_OF_WORK, clock=Adapters.clock)
    metrics = providers.Singleton(
        _metrics, job_service, Adapters.storage, Adapters.session_states, total_cache, Adapters.job_monitor
    )


@asynccontextmanager
async def open_container(container: Container) -> AsyncIterator[None]:
    """Open the components that hold connections or tasks, and close them in reverse order."""
    async with AsyncExitStack() as stack:
        for component in (container.storage(), container.metrics()):
            await component.open()
            stack.push_async_callback(component.close)
        for resource in (
            container.file_store(),
            container.hasher(),
            container.redis(),
            container.rate_limiter(),
            container.health_service(),
        ):
            if resource is not None:
                stack.push_async_callback(resource.close)
        yield


@asynccontextmanager
async def run_job_worker(container: Container) -> AsyncIterator[None]:
    """Run a job worker in the background of an open container."""
    stop = asyncio.Event()
    worker = asyncio.create_task(container.job_worker().run(stop))
    try:
        yield
    finally:
        stop.set()
        await worker
