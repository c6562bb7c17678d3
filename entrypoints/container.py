"""The composition root: the only module that chooses adapters."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib import import_module
from typing import cast

from dependency_injector import containers, providers

from adapters.memory.storage import InMemoryStorage
from adapters.security.argon2 import Argon2PasswordHasher
from adapters.security.common_passwords import common_passwords
from adapters.security.jwt import JwtAccessTokens
from adapters.sql.schema import SqlSchema
from adapters.sql.storage import SqlStorage
from adapters.system.clock import SystemClock
from adapters.system.ids import new_id
from application.accounts import AccountService
from application.ports.ids import NewId
from application.ports.security import AccessTokens
from application.ports.storage import Storage
from application.tags import TagService
from application.task_batches import TaskBatchService
from application.tasks import TaskService
from domain.password import PasswordPolicy
from entrypoints.settings import PasswordRule, Settings


def _storage(settings: Settings) -> Storage:
    match settings.storage:
        case "sql":
            return SqlStorage(settings.database_url)
        case "memory":
            return InMemoryStorage()
    module, _, name = settings.storage.partition(":")
    return cast(Storage, getattr(import_module(module), name)())


def _schema(settings: Settings) -> SqlSchema | None:
    """None where there is nothing to migrate."""
    return SqlSchema(settings.database_url) if settings.storage == "sql" else None


def _tokens(settings: Settings, new_id: NewId) -> AccessTokens:
    lifetime = timedelta(minutes=settings.access_token_expire_minutes)
    return JwtAccessTokens({"1": settings.signing_key}, "1", lifetime, new_id)


def _password_policy(settings: Settings) -> PasswordPolicy:
    rule = PasswordPolicy.nist if settings.password_policy is PasswordRule.NIST else PasswordPolicy.composed
    return rule(common_passwords())


class Container(containers.DeclarativeContainer):
    """Every attribute may be replaced: `Container(storage=providers.Singleton(Mine))`."""

    settings = providers.Singleton(Settings)
    clock = providers.Singleton(SystemClock)
    new_id = providers.Object(new_id)
    storage = providers.Singleton(_storage, settings)
    schema = providers.Singleton(_schema, settings)
    hasher = providers.Singleton(Argon2PasswordHasher)
    tokens = providers.Singleton(_tokens, settings, new_id)
    password_policy = providers.Singleton(_password_policy, settings)

    account_service = providers.Singleton(
        AccountService,
        unit_of_work=storage.provided.unit_of_work,
        hasher=hasher,
        tokens=tokens,
        password_policy=password_policy,
        clock=clock,
        new_id=new_id,
    )
    task_service = providers.Singleton(
        TaskService, unit_of_work=storage.provided.unit_of_work, clock=clock, new_id=new_id
    )
    task_batch_service = providers.Singleton(
        TaskBatchService, unit_of_work=storage.provided.unit_of_work, clock=clock, new_id=new_id
    )
    tag_service = providers.Singleton(TagService, unit_of_work=storage.provided.unit_of_work, clock=clock)


@asynccontextmanager
async def lifetime(container: Container) -> AsyncIterator[None]:
    """Open what has to be opened, and close it."""
    storage: Storage = container.storage()
    await storage.open()
    try:
        yield
    finally:
        await storage.close()
