"""Retries of use cases that lost a race."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from application.platform.unit_of_work import StorageUnavailable, TransientStorageError, UnitOfWork
from domain.errors import Stale

MAX_ATTEMPTS: Final = 8
FIRST_DELAY: Final = 0.005
"""Upper bound of the first delay in seconds. It doubles with each attempt; the delay is a random part of it."""

P = ParamSpec("P")
T = TypeVar("T")
U = TypeVar("U", bound=UnitOfWork)


def retried(use_case: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Run a use case again when it lost a race or its connection and has stored nothing.

    After the last attempt, the error of a lost race propagates. A TransientStorageError becomes StorageUnavailable.
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


async def _retry(attempt: Callable[[], Awaitable[T]]) -> T:
    max_delay = FIRST_DELAY
    for _ in range(MAX_ATTEMPTS - 1):
        try:
            return await attempt()
        except (TransientStorageError, Stale):
            await asyncio.sleep(random.uniform(0, max_delay))  # noqa: S311 - jitter, not a secret
            max_delay *= 2
    try:
        return await attempt()
    except TransientStorageError as error:
        raise StorageUnavailable(str(error)) from error
