"""The composition root: the only module that chooses adapters."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from importlib import import_module
from typing import Final, cast

from dependency_injector import containers, providers

from adapters.archive.zip import ZipArchives
from adapters.limits.fixed_window import InProcessRateLimiter, RedisRateLimiter
from adapters.logs.audit import StructlogAuditLog
from adapters.logs.jobs import StructlogJobMonitor
from adapters.mail.mailer import TransportMailer
from adapters.mail.transports import transport_of
from adapters.memory.cache import InProcessCache
from adapters.memory.standings import LeasedStandingCache
from adapters.memory.storage import InMemoryStorage
from adapters.metrics.jobs import CountingJobMonitor
from adapters.metrics.prometheus import PrometheusMetrics
from adapters.security.argon2 import Argon2PasswordHasher
from adapters.security.common_passwords import common_passwords
from adapters.security.jwt import JwtAccessTokens
from adapters.security.secrets import new_secret
from adapters.sql.copiers import copier_of
from adapters.sql.schema import SqlSchema
from adapters.sql.storage import SqlStorage
from adapters.system.clock import SystemClock
from adapters.system.ids import new_id
from application.accounts import AccountService
from application.backup import BackupService
from application.credentials import Credentials
from application.expiry import EVERY, EXPIRY, Expiry
from application.export import ExportService
from application.health import HealthService
from application.idempotency import IdempotencyService
from application.jobs import JobService, JobWorker, Recurring
from application.mails import RESET_MAIL, WELCOME_MAIL, MailJobs
from application.passwords import PasswordService
from application.ports.backup import DatabaseCopier
from application.ports.cache import Cache
from application.ports.ids import NewId
from application.ports.limits import RateLimiter
from application.ports.mail import Mailer
from application.ports.metrics import Metrics
from application.ports.security import AccessTokens
from application.ports.standings import StandingCache
from application.ports.storage import Storage
from application.seeding import SeedingService
from application.sessions import SessionService
from application.tags import TagService
from application.task_batches import TaskBatchService
from application.tasks import TaskService
from application.throttle import RateLimits, Throttle
from application.totals import Totals
from application.users import UserService
from domain.password import PasswordPolicy
from entrypoints.settings import PasswordRule, Settings

STANDING_LEASE: Final = 0.1
"""Seconds for which a worker trusts what it read about a session; revoking one takes as long."""


def _storage(settings: Settings) -> Storage:
    match settings.storage:
        case "sql":
            return SqlStorage(settings.database_url)
        case "memory":
            return InMemoryStorage()
    module, _, name = settings.storage.partition(":")
    try:
        made = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError("STORAGE names no class that can be imported") from error
    return cast(Storage, made())


def _schema(settings: Settings) -> SqlSchema | None:
    """None where there is nothing to migrate."""
    return SqlSchema(settings.database_url) if settings.storage == "sql" else None


def _copier(settings: Settings) -> DatabaseCopier | None:
    """None where there is nothing that outlives the process, or only its owner knows how to copy it."""
    return copier_of(settings.database_url) if settings.storage == "sql" else None


def _tokens(settings: Settings, new_id: NewId) -> AccessTokens:
    lifetime = timedelta(minutes=settings.access_token_expire_minutes)
    return JwtAccessTokens(settings.signing_keys, settings.secret_key_id, lifetime, new_id)


def _password_policy(settings: Settings) -> PasswordPolicy:
    rule = PasswordPolicy.nist if settings.password_policy is PasswordRule.NIST else PasswordPolicy.composed
    return rule(common_passwords())


def _standings(settings: Settings) -> StandingCache:
    return LeasedStandingCache(STANDING_LEASE, is_alone=settings.storage == "memory")


def _mailer(settings: Settings) -> Mailer:
    return TransportMailer(transport_of(settings.mail_url), settings.mail_from)


def _rate_limiter(settings: Settings) -> RateLimiter:
    return RedisRateLimiter(settings.redis_url) if settings.redis_url else InProcessRateLimiter()


def _cache(settings: Settings) -> Cache:
    return InProcessCache()


def _metrics(jobs: JobService, *metered: object) -> Metrics:
    """Of all those that have meters; an adapter of somebody else's need not."""
    return PrometheusMetrics([meter for one in metered for meter in getattr(one, "meters", ())], [jobs.census])


def _rate_limits(settings: Settings) -> RateLimits:
    return RateLimits(*(settings.rate(name) for name in ("read", "write", "login", "register")))


class Container(containers.DeclarativeContainer):
    """Every attribute may be replaced: `Container(storage=providers.Singleton(Mine))`."""

    settings = providers.Singleton(Settings)
    clock = providers.Singleton(SystemClock)
    new_id = providers.Object(new_id)
    new_secret = providers.Object(new_secret)
    storage = providers.Singleton(_storage, settings)
    schema = providers.Singleton(_schema, settings)
    copier = providers.Singleton(_copier, settings)
    archives = providers.Singleton(ZipArchives)
    hasher = providers.Singleton(Argon2PasswordHasher)
    tokens = providers.Singleton(_tokens, settings, new_id)
    password_policy = providers.Singleton(_password_policy, settings)
    standings = providers.Singleton(_standings, settings)
    mailer = providers.Singleton(_mailer, settings)
    audit = providers.Singleton(StructlogAuditLog)
    rate_limiter = providers.Singleton(_rate_limiter, settings)
    cache = providers.Singleton(_cache, settings)

    credentials = providers.Singleton(Credentials, policy=password_policy, hasher=hasher)
    throttle = providers.Singleton(
        Throttle,
        limiter=rate_limiter,
        limits=providers.Singleton(_rate_limits, settings),
        audit=audit,
        clock=clock,
    )
    account_service = providers.Singleton(
        AccountService,
        unit_of_work=storage.provided.unit_of_work,
        credentials=credentials,
        standings=standings,
        audit=audit,
        clock=clock,
        new_id=new_id,
    )
    session_service = providers.Singleton(
        SessionService,
        unit_of_work=storage.provided.unit_of_work,
        credentials=credentials,
        tokens=tokens,
        standings=standings,
        audit=audit,
        clock=clock,
        new_id=new_id,
        new_secret=new_secret,
        lifetime=providers.Singleton(timedelta, days=settings.provided.refresh_token_expire_days),
    )
    password_service = providers.Singleton(
        PasswordService,
        unit_of_work=storage.provided.unit_of_work,
        credentials=credentials,
        standings=standings,
        audit=audit,
        clock=clock,
        new_id=new_id,
    )
    user_service = providers.Singleton(
        UserService, unit_of_work=storage.provided.unit_of_work, accounts=account_service
    )
    backup_service = providers.Singleton(BackupService, database=copier, archives=archives, clock=clock)
    export_service = providers.Singleton(ExportService, unit_of_work=storage.provided.unit_of_work, clock=clock)
    task_service = providers.Singleton(
        TaskService,
        unit_of_work=storage.provided.unit_of_work,
        totals=providers.Singleton(Totals, cache),
        clock=clock,
        new_id=new_id,
    )
    task_batch_service = providers.Singleton(
        TaskBatchService, unit_of_work=storage.provided.unit_of_work, clock=clock, new_id=new_id
    )
    health_service = providers.Singleton(
        HealthService, vital=providers.Dict(database=storage), helpful=providers.Dict(cache=rate_limiter)
    )
    seeding_service = providers.Singleton(
        SeedingService, unit_of_work=storage.provided.unit_of_work, clock=clock, new_id=new_id
    )
    tag_service = providers.Singleton(
        TagService, unit_of_work=storage.provided.unit_of_work, clock=clock, new_id=new_id
    )
    idempotency_service = providers.Singleton(
        IdempotencyService, unit_of_work=storage.provided.unit_of_work, clock=clock
    )

    mail_jobs = providers.Singleton(
        MailJobs,
        unit_of_work=storage.provided.unit_of_work,
        mailer=mailer,
        audit=audit,
        clock=clock,
        new_secret=new_secret,
        public_url=settings.provided.public_url,
    )
    expiry = providers.Singleton(Expiry, unit_of_work=storage.provided.unit_of_work, clock=clock)
    job_monitor = providers.Singleton(CountingJobMonitor, providers.Singleton(StructlogJobMonitor))
    job_worker = providers.Singleton(
        JobWorker,
        unit_of_work=storage.provided.unit_of_work,
        handlers=providers.Dict(
            {
                WELCOME_MAIL: mail_jobs.provided.welcome,
                RESET_MAIL: mail_jobs.provided.password_reset,
                EXPIRY: providers.Factory(Recurring, expiry.provided.remove, EVERY),
            }
        ),
        monitor=job_monitor,
        clock=clock,
        lease=providers.Singleton(timedelta, seconds=settings.provided.job_lease_seconds),
    )
    job_service = providers.Singleton(JobService, unit_of_work=storage.provided.unit_of_work, clock=clock)
    metrics = providers.Singleton(_metrics, job_service, storage, standings, job_monitor)


@asynccontextmanager
async def lifetime(container: Container) -> AsyncIterator[None]:
    """Open what has to be opened, and close it, last opened first."""
    async with AsyncExitStack() as stack:
        for opened in (container.storage(), container.metrics()):
            await opened.open()
            stack.push_async_callback(opened.close)
        for used in (container.hasher(), container.rate_limiter(), container.cache(), container.health_service()):
            stack.push_async_callback(used.close)
        yield


@asynccontextmanager
async def working(container: Container) -> AsyncIterator[None]:
    """Do jobs beside whatever else goes on in an open container."""
    stop = asyncio.Event()
    running = asyncio.create_task(container.job_worker().run(stop))
    try:
        yield
    finally:
        stop.set()
        await running
