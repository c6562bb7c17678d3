"""Which adapter fills which port: the settings say, and nobody else needs to know."""

from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

from dependency_injector import containers, providers

from adapters.archive.zip import ZipArchives
from adapters.files.stores import file_store_of
from adapters.logs.audit import StructlogAuditLog
from adapters.logs.jobs import StructlogJobMonitor
from adapters.mail.mailer import TransportMailer
from adapters.mail.transports import transport_of
from adapters.memory.files.store import InMemoryFileStore
from adapters.memory.storage import InMemoryStorage
from adapters.metrics.jobs import CountingJobMonitor
from adapters.process.cache import InProcessCache
from adapters.process.rate_limiter import InProcessRateLimiter
from adapters.process.session_state_cache import LeasedStandingCache
from adapters.security.argon2 import Argon2PasswordHasher
from adapters.security.common_passwords import common_passwords
from adapters.security.jwt import JwtAccessTokens
from adapters.security.secrets import new_secret
from adapters.sql.operations.copiers import copier_of
from adapters.sql.schema.migrator import SqlSchema
from adapters.sql.storage import SqlStorage
from adapters.system.clock import SystemClock
from adapters.system.ids import new_id
from application.files.ports import FileStore
from application.identity.ports import StandingCache
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


def _file_store(settings: Settings) -> FileStore:
    if settings.storage == "memory" and "files_url" not in settings.model_fields_set:
        return InMemoryFileStore()
    return file_store_of(settings.files_url)


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


def _redis(settings: Settings) -> "RedisServer | None":
    """None where each process is for itself; then nothing of it is loaded either, which takes 20 MiB."""
    if settings.redis_url is None:
        return None
    from adapters.redis.server import RedisServer

    return RedisServer(settings.redis_url)


def _rate_limiter(redis: "RedisServer | None") -> RateLimiter:
    alone = InProcessRateLimiter()
    if redis is None:
        return alone
    from adapters.redis.rate_limiter import RedisRateLimiter

    return RedisRateLimiter(redis, alone)


def _cache(redis: "RedisServer | None") -> Cache:
    if redis is None:
        return InProcessCache()
    from adapters.redis.cache import RedisCache

    return RedisCache(redis)


class Adapters(containers.DeclarativeContainer):
    """What fills each port, as the settings say."""

    settings = providers.Singleton(Settings)
    clock = providers.Singleton(SystemClock)
    new_id = providers.Object(new_id)
    new_secret = providers.Object(new_secret)
    storage = providers.Singleton(_storage, settings)
    schema = providers.Singleton(_schema, settings)
    copier = providers.Singleton(_copier, settings)
    archives = providers.Singleton(ZipArchives)
    file_store = providers.Singleton(_file_store, settings)
    hasher = providers.Singleton(Argon2PasswordHasher)
    tokens = providers.Singleton(_tokens, settings, new_id)
    password_policy = providers.Singleton(_password_policy, settings)
    standings = providers.Singleton(_standings, settings)
    mailer = providers.Singleton(_mailer, settings)
    audit = providers.Singleton(StructlogAuditLog)
    redis = providers.Singleton(_redis, settings)
    rate_limiter = providers.Singleton(_rate_limiter, redis)
    cache = providers.Singleton(_cache, redis)
    job_monitor = providers.Singleton(CountingJobMonitor, providers.Singleton(StructlogJobMonitor))
