"""Choose an adapter for each port from the settings.

Adapters with large dependencies are imported where they are built, so that a process loads only those it uses.
"""

from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from adapters.logs.audit import StructlogAuditLog
from adapters.logs.audit_file import FileAuditLog
from adapters.logs.jobs import StructlogJobMonitor
from adapters.metrics.jobs import CountingJobMonitor
from adapters.process.cache import InProcessCache
from adapters.process.rate_limiter import InProcessRateLimiter
from adapters.process.session_state_cache import LeasedSessionStateCache
from adapters.security.common_passwords import load_common_passwords
from application.audit.ports import AuditLog
from application.files.ports import FileStore
from application.identity.ports import SessionStateCache
from application.identity.security import AccessTokens
from application.jobs.ports import JobMonitor
from application.platform.cache import Cache
from application.platform.ids import NewId
from application.platform.mail import Mailer
from application.platform.rate_limits import RateLimiter
from application.storage import Storage
from domain.identity.password import PasswordPolicy
from entrypoints.request_metrics import RequestMetrics
from entrypoints.setting_types import SettingsError
from entrypoints.settings import PasswordRule, Settings
from entrypoints.wiring.extras import needing_extra
from entrypoints.wiring.services import Services

if TYPE_CHECKING:
    from adapters.redis.server import RedisServer

SESSION_STATE_LEASE: Final = 0.1
"""Seconds for which a worker caches a session state. Revoking a session takes as long."""


def create_storage(settings: Settings) -> Storage:
    match settings.storage:
        case "sql":
            from adapters.sql.storage import SqlStorage

            try:
                with needing_extra("DATABASE_URL"):
                    return SqlStorage(settings.database_url)
            except ValueError as error:
                raise SettingsError(f"DATABASE_URL: {error}") from error
        case "memory":
            from adapters.memory.storage import InMemoryStorage

            return InMemoryStorage()
    module, _, name = settings.storage.partition(":")
    try:
        storage_class = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise SettingsError("STORAGE names a class that cannot be imported") from error
    storage = storage_class()
    if not hasattr(storage, "unit_of_work"):
        raise SettingsError("STORAGE names a class that is not a storage")
    return cast(Storage, storage)


def create_file_store(settings: Settings, storage: Storage) -> FileStore:
    if storage.is_process_local and "files_url" not in settings.model_fields_set:
        from adapters.memory.files.store import InMemoryFileStore

        return InMemoryFileStore()
    from adapters.files import stores

    try:
        with needing_extra("FILES_URL"):
            return stores.create_file_store(settings.files_url)
    except ValueError as error:
        raise SettingsError(f"FILES_URL names a file store that cannot be used: {error}") from error


def create_tokens(settings: Settings, new_id: NewId) -> AccessTokens:
    from adapters.security.jwt import JwtAccessTokens

    lifetime = timedelta(minutes=settings.access_token_expire_minutes)
    return JwtAccessTokens(settings.signing_keys, settings.secret_key_id, lifetime, new_id)


def create_password_policy(settings: Settings) -> PasswordPolicy:
    rule = PasswordPolicy.nist if settings.password_policy is PasswordRule.NIST else PasswordPolicy.composed
    return rule(load_common_passwords())


def create_session_states(storage: Storage) -> SessionStateCache:
    return LeasedSessionStateCache(SESSION_STATE_LEASE, is_single_process=storage.is_process_local)


def create_mailer(settings: Settings) -> Mailer:
    from adapters.mail.mailer import TransportMailer
    from adapters.mail.transports import create_transport

    return TransportMailer(create_transport(settings.mail_url), settings.mail_from)


def create_audit_log(settings: Settings) -> AuditLog:
    standard_output = StructlogAuditLog()
    if settings.audit_log is None:
        return standard_output
    try:
        return FileAuditLog(Path(settings.audit_log), fallback=standard_output)
    except OSError as error:
        raise SettingsError(f"AUDIT_LOG cannot be written: {error.strerror}") from error


def create_redis(settings: Settings) -> "RedisServer | None":
    """Return None without a REDIS_URL. The client is then not imported either, which saves 20 MiB."""
    if settings.redis_url is None:
        return None
    with needing_extra("REDIS_URL"):
        from adapters.redis.server import RedisServer

    try:
        return RedisServer(settings.redis_url)
    except ValueError as error:
        raise SettingsError("REDIS_URL has an unknown parameter, or one with a wrong value") from error


def create_rate_limiter(redis: "RedisServer | None") -> RateLimiter:
    fallback = InProcessRateLimiter()
    if redis is None:
        return fallback
    from adapters.redis.rate_limiter import RedisRateLimiter

    return RedisRateLimiter(redis, fallback)


def create_cache(redis: "RedisServer | None") -> Cache:
    if redis is None:
        return InProcessCache()
    from adapters.redis.cache import RedisCache

    return RedisCache(redis)


def create_job_monitor() -> JobMonitor:
    return CountingJobMonitor(StructlogJobMonitor())


def create_metrics(
    services: Services, storage: Storage, session_states: SessionStateCache, monitor: JobMonitor
) -> RequestMetrics:
    from adapters.metrics import catalog
    from adapters.metrics.process import build_metric, process_metrics
    from adapters.metrics.prometheus import PrometheusMetrics

    metrics = [
        *catalog.storage_metrics(storage),
        *catalog.session_state_metrics(session_states),
        *catalog.total_cache_metrics(services.total_cache),
        *catalog.job_metrics(monitor),
        *process_metrics(),
        build_metric(storage.migrator.head if storage.migrator else ""),
    ]
    return PrometheusMetrics(metrics, [catalog.dependency_gauges(services.health), catalog.job_gauges(services.jobs)])
