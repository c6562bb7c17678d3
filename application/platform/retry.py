import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from application.platform.unit_of_work import StorageUnavailable, TransientStorageError
from domain.errors import StaleSession, StaleTask, StaleUser

ATTEMPTS: Final = 8
FIRST_DELAY: Final = 0.005
"""Seconds; doubled for each further attempt, and jittered down to nothing."""

P = ParamSpec("P")
T = TypeVar("T")


def retried(use_case: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Run a whole use case again when it lost a race or its connection, having changed nothing.

    When it keeps losing: the error of the lost race, StorageUnavailable for the rest.
    """

    @wraps(use_case)
    async def persistently(*args: P.args, **kwargs: P.kwargs) -> T:
        delay = FIRST_DELAY
        for _ in range(ATTEMPTS - 1):
            try:
                return await use_case(*args, **kwargs)
            except (TransientStorageError, StaleTask, StaleUser, StaleSession):
                await asyncio.sleep(random.uniform(0, delay))  # noqa: S311 - jitter, not a secret
                delay *= 2
        try:
            return await use_case(*args, **kwargs)
        except TransientStorageError as error:
            raise StorageUnavailable(str(error)) from error

    return persistently
