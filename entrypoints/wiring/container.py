"""The composition root: chooses the adapters, and constructs the services from them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from dependency_injector import containers, providers

from adapters.archive.zip import ZipArchiveFormat
from adapters.demo.tasks import demo_task
from adapters.logs.health import StructlogHealthMonitor
from adapters.logs.tasks import StructlogTaskLog
from adapters.security.argon2 import Argon2PasswordHasher
from adapters.security.secrets import new_secret
from adapters.system.clock import SystemClock
from adapters.system.ids import new_id
from application.audit.ports import AuditLog
from application.files.ports import FileStore
from application.identity.ports import SessionStateCache
from application.identity.security import AccessTokens, NewSecret, PasswordHasher
from application.jobs.ports import JobMonitor
from application.operations.health import HealthMonitor
from application.operations.ports import ArchiveFormat
from application.platform.cache import Cache
from application.platform.clock import Clock
from application.platform.ids import NewId
from application.platform.mail import Mailer
from application.platform.rate_limits import EMAIL_CHANGES, FAILED_LOGINS, RateLimiter, RateLimits
from application.storage import Storage
from application.tasks.seeding import DemoTaskFactory
from domain.identity.password import PasswordPolicy
from entrypoints.request_metrics import RequestMetrics
from entrypoints.settings import Settings
from entrypoints.wiring.adapters import (
    create_audit_log,
    create_cache,
    create_file_store,
    create_job_monitor,
    create_mailer,
    create_metrics,
    create_password_policy,
    create_rate_limiter,
    create_redis,
    create_session_states,
    create_storage,
    create_tokens,
)
from entrypoints.wiring.services import Adapters, ServiceOptions, Services, build_services
from entrypoints.wiring.singleton import singleton


def _services(container: "Container") -> Services:
    return build_services(
        Adapters(
            clock=container.clock(),
            new_id=container.new_id(),
            new_secret=container.new_secret(),
            storage=container.storage(),
            file_store=container.file_store(),
            archive_format=container.archive_format(),
            hasher=container.hasher(),
            tokens=container.tokens(),
            password_policy=container.password_policy(),
            session_states=container.session_states(),
            mailer=container.mailer(),
            audit=container.audit(),
            log_event=container.task_log().handle,
            rate_limiter=container.rate_limiter(),
            cache=container.cache(),
            job_monitor=container.job_monitor(),
            health_monitor=container.health_monitor(),
            demo_task=container.demo_task(),
        ),
        _options(container.settings()),
    )


def _options(settings: Settings) -> ServiceOptions:
    limits = RateLimits(
        read=settings.rate("read"),
        write=settings.rate("write"),
        login=settings.rate("login"),
        failed_login=FAILED_LOGINS,
        email_change=EMAIL_CHANGES,
        register=settings.rate("register"),
        export=settings.rate("export"),
    )
    return ServiceOptions(
        session_lifetime=timedelta(days=settings.refresh_token_expire_days),
        files_quota=settings.files_quota_bytes,
        public_url=settings.public_origin + settings.root_path,
        job_lease=timedelta(seconds=settings.job_lease_seconds),
        audit_age=timedelta(days=settings.audit_days),
        rate_limits=limits if settings.rate_limit_enabled else RateLimits(),
    )


def _metrics(container: "Container") -> RequestMetrics:
    return create_metrics(
        container.services(), container.storage(), container.session_states(), container.job_monitor()
    )


class Container(containers.DeclarativeContainer):
    """Build every component once, on first use.

    Each adapter can be replaced: `Container(storage=providers.Singleton(MyStorage))`.
    """

    __self__ = providers.Self()

    if TYPE_CHECKING:
        # The base class declares that every attribute is a provider, so that mypy would accept a misspelt one.
        def __getattr__(self, name: str) -> None: ...  # type: ignore[override]

    settings: providers.Provider[Settings] = providers.Singleton(Settings)
    clock: providers.Provider[Clock] = singleton(SystemClock)
    new_id: providers.Provider[NewId] = providers.Object(new_id)
    new_secret: providers.Provider[NewSecret] = providers.Object(new_secret)
    storage: providers.Provider[Storage] = singleton(create_storage, settings)
    archive_format: providers.Provider[ArchiveFormat] = singleton(ZipArchiveFormat)
    file_store: providers.Provider[FileStore] = singleton(create_file_store, settings, storage)
    hasher: providers.Provider[PasswordHasher] = singleton(Argon2PasswordHasher)
    tokens: providers.Provider[AccessTokens] = singleton(create_tokens, settings, new_id)
    password_policy: providers.Provider[PasswordPolicy] = singleton(create_password_policy, settings)
    session_states: providers.Provider[SessionStateCache] = singleton(create_session_states, storage)
    mailer: providers.Provider[Mailer] = singleton(create_mailer, settings)
    task_log = singleton(StructlogTaskLog)
    audit: providers.Provider[AuditLog] = singleton(create_audit_log, settings)
    redis = singleton(create_redis, settings)
    rate_limiter: providers.Provider[RateLimiter] = singleton(create_rate_limiter, redis)
    cache: providers.Provider[Cache] = singleton(create_cache, redis)
    job_monitor: providers.Provider[JobMonitor] = singleton(create_job_monitor)
    health_monitor: providers.Provider[HealthMonitor] = singleton(StructlogHealthMonitor)
    demo_task: providers.Provider[DemoTaskFactory] = providers.Object(demo_task)

    services: providers.Provider[Services] = providers.Singleton(_services, __self__)
    metrics: providers.Provider[RequestMetrics] = providers.Singleton(_metrics, __self__)


@asynccontextmanager
async def open_container(container: Container) -> AsyncIterator[None]:
    """Build all components, enter those that are async context managers, and leave them in reverse order."""
    async with AsyncExitStack() as stack:
        for provider in container.providers.values():
            component = provider()
            if isinstance(component, AbstractAsyncContextManager):
                await stack.enter_async_context(component)
        await stack.enter_async_context(container.services().health)
        yield


@asynccontextmanager
async def run_job_worker(container: Container) -> AsyncIterator[None]:
    """Run a job worker in the background of an open container."""
    stop = asyncio.Event()
    worker = asyncio.create_task(container.services().job_worker.run(stop))
    try:
        yield
    finally:
        stop.set()
        await worker
