"""One transaction. Each feature adds the repositories that it needs to `UnitOfWork`, as a Protocol of its own."""

from types import TracebackType
from typing import Protocol, Self


class StorageUnavailable(Exception):
    """The storage cannot be reached, or the connection broke during a commit: whether it succeeded is unknown."""


class TransientStorageError(Exception):
    """Nothing was stored, and the same use case may succeed if it runs again.

    The reason is a deadlock, a serialization failure, or a connection that was lost before the commit started.
    """


class UnitOfWork(Protocol):
    """One transaction: `commit` stores all writes or none; leaving without a commit rolls them back.

    Enter it once and use it from one task. Until the first write, each read sees what is committed at that time.
    """

    async def commit(self) -> None:
        """Make all writes durable. The unit of work must not be used afterwards.

        Raises:
            StorageUnavailable: The connection broke. It is unknown whether the writes were committed.
            TransientStorageError: Nothing was committed.
        """
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
