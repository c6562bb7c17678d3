"""Choose an adapter for each port from the settings.

Adapters with large dependencies are imported where they are built, so that a process loads only those it uses.
"""

from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

from dependency_injector import containers, providers

from adapters.archive.zip import ZipArchiveFormat
from adapters.logs.audit import StructlogAuditLog
from adapters.logs.jobs import StructlogJobMonitor
from adapters.metrics.jobs import CountingJobMonitor
from adapters.process.cache import InProcessCache
from adapters.process.rate_limiter import InProcessRateLimiter
from adapters.process.session_state_cache import LeasedSessionStateCache
from adapters.security.argon2 import Argon2PasswordHasher
from adapters.security.common_passwords import load_common_passwords
from adapters.security.secrets import new_secret
from adapters.system.clock import SystemClock
from adapters.system.ids import new_id
from application.files.ports import FileStore
from application.identity.ports import SessionStateCache
from application.identity.security import AccessTokens
from application.operations.ports import DatabaseCopier
from application.platform.cache import Cache
from application.platform.ids import NewId
from application.platform.mail import Mailer
from application.platform.rate_limits import RateLimiter
from application.storage import Storage
from domain.identity.password import PasswordPolicy
from entrypoints.settings import PasswordRule, Settings

if TYPE_CHECKING:
    from adapters.redis.server import RedisServer
    from adapters.sql.schema.migrator import SqlSchema

SESSION_STATE_LEASE: Final = 0.1
"""Seconds for which a worker caches a session state. Revoking a session takes as long."""


def _storage(settings: Settings) -> Storage:
    match settings.storage:
        case "sql":
            from adapters.sql.storage import SqlStorage

            return SqlStorage(settings.database_url)
        case "memory":
            from adapters.memory.storage import InMemoryStorage

            return InMemoryStorage()
    module, _, name = settings.storage.partition(":")
    try:
        storage_class = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError("STORAGE names a class that cannot be imported") from error
    return cast(Storage, storage_class())


def _schema(settings: Settings) -> "SqlSchema | None":
    """Return None if the storage has no schema to migrate."""
    if settings.storage != "sql":
        return None
    from adapters.sql.schema.migrator import SqlSchema

    return SqlSchema(settings.database_url)


def _copier(settings: Settings) -> DatabaseCopier | None:
    """Return None for storages that cannot be copied: memory and those of third parties."""
    if settings.storage != "sql":
        return None
    from adapters.sql.operations.copiers import copier_of

    return copier_of(settings.database_url)


def _file_store(settings: Settings) -> FileStore:
    if settings.storage == "memory" and "files_url" not in settings.model_fields_set:
        from adapters.memory.files.store import InMemoryFileStore

        return InMemoryFileStore()
    from adapters.files.stores import create_file_store

    return create_file_store(settings.files_url)


def _tokens(settings: Settings, new_id: NewId) -> AccessTokens:
    from adapters.security.jwt import JwtAccessTokens

    lifetime = timedelta(minutes=settings.access_token_expire_minutes)
    return JwtAccessTokens(settings.signing_keys, settings.secret_key_id, lifetime, new_id)


def _password_policy(settings: Settings) -> PasswordPolicy:
    rule = PasswordPolicy.nist if settings.password_policy is PasswordRule.NIST else PasswordPolicy.composed
    return rule(load_common_passwords())


def _session_states(settings: Settings) -> SessionStateCache:
    return LeasedSessionStateCache(SESSION_STATE_LEASE, is_single_process=settings.storage == "memory")


def _mailer(settings: Settings) -> Mailer:
    from adapters.mail.mailer import TransportMailer
    from adapters.mail.transports import create_transport

    return TransportMailer(create_transport(settings.mail_url), settings.mail_from)


def _redis(settings: Settings) -> "RedisServer | None":
    """Return None without a REDIS_URL. The client is then not imported either, which saves 20 MiB."""
    if settings.redis_url is None:
        return None
    from adapters.redis.server import RedisServer

    return RedisServer(settings.redis_url)


def _rate_limiter(redis: "RedisServer | None") -> RateLimiter:
    fallback = InProcessRateLimiter()
    if redis is None:
        return fallback
    from adapters.redis.rate_limiter import RedisRateLimiter

    return RedisRateLimiter(redis, fallback)


def _cache(redis: "RedisServer | None") -> Cache:
    if redis is None:
        return InProcessCache()
    from adapters.redis.cache import RedisCache

    return RedisCache(redis)


class Adapters(containers.DeclarativeContainer):
    """One provider for each port."""

    settings = providers.Singleton(Settings)
    clock = providers.Singleton(SystemClock)
    new_id = providers.Object(new_id)
    new_secret = providers.Object(new_secret)
    storage = providers.Singleton(_storage, settings)
    schema = providers.Singleton(_schema, settings)
    copier = providers.Singleton(_copier, settings)
    archive_format = providers.Singleton(ZipArchiveFormat)
    file_store = providers.Singleton(_file_store, settings)
    hasher = providers.Singleton(Argon2PasswordHasher)
    tokens = providers.Singleton(_tokens, settings, new_id)
    password_policy = providers.Singleton(_password_policy, settings)
    session_states = providers.Singleton(_session_states, settings)
    mailer = providers.Singleton(_mailer, settings)
    audit = providers.Singleton(StructlogAuditLog)
    redis = providers.Singleton(_redis, settings)
    rate_limiter = providers.Singleton(_rate_limiter, redis)
    cache = providers.Singleton(_cache, redis)
    job_monitor = providers.Singleton(CountingJobMonitor, providers.Singleton(StructlogJobMonitor))
