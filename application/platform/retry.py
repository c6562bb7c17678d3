"""Retries of use cases that lost a race."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import wraps
from typing import Final, NoReturn, ParamSpec, TypeVar

from application.platform.time_limit import time_limit
from application.platform.unit_of_work import (
    StorageBusy,
    StorageContention,
    StorageUnavailable,
    TransientStorageError,
    UnitOfWork,
)
from domain.errors import Stale

FIRST_DELAY: Final = 0.005
MAX_DELAY: Final = 0.1
"""Upper bounds of the delays in seconds. They double with each attempt; a delay is a random part of its bound."""

P = ParamSpec("P")
T = TypeVar("T")
U = TypeVar("U", bound=UnitOfWork)

_has_lost_race: Final[ContextVar[bool]] = ContextVar("has_lost_race", default=False)


def retried(use_case: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Run a use case again when it lost a race or its connection and has stored nothing, until the time limit.

    After a lost race, the next attempts lock what they read (`must_lock_reads`): they wait for their turn instead of
    losing again. At the time limit, the error of a lost race propagates. A TransientStorageError becomes StorageBusy or
    StorageUnavailable.
    """

    @wraps(use_case)
    async def retry(*args: P.args, **kwargs: P.kwargs) -> T:
        return await _retry(lambda: use_case(*args, **kwargs))

    return retry


async def read(unit_of_work: Callable[[], U], query: Callable[[U], Awaitable[T]]) -> T:
    """Return the result of one query in a unit of work of its own. It is retried like a use case."""

    async def attempt() -> T:
        async with unit_of_work() as uow:
            return await query(uow)

    return await _retry(attempt)


def must_lock_reads() -> bool:
    """Return whether a unit of work must lock the rows that it reads for a change: an earlier attempt lost a race."""
    return _has_lost_race.get()


async def _retry(attempt: Callable[[], Awaitable[T]]) -> T:
    token = _has_lost_race.set(False)
    max_delay = FIRST_DELAY
    try:
        with time_limit() as limit:
            while True:
                try:
                    return await attempt()
                except (TransientStorageError, Stale) as error:
                    delay = random.uniform(0, max_delay)  # noqa: S311 - jitter, not a secret
                    if limit.remaining <= delay:
                        _raise_last(error)
                    if isinstance(error, Stale):
                        _has_lost_race.set(True)
                await asyncio.sleep(delay)
                max_delay = min(2 * max_delay, MAX_DELAY)
    finally:
        _has_lost_race.reset(token)


def _raise_last(error: TransientStorageError | Stale) -> NoReturn:
    """Raise the error of the last attempt in the form that callers know."""
    match error:
        case StorageContention():
            raise StorageBusy(str(error)) from error
        case TransientStorageError():
            raise StorageUnavailable(str(error)) from error
    raise error
