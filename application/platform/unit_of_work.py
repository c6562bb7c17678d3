"""One transaction. Each feature adds the repositories that it needs to `UnitOfWork`, as a Protocol of its own."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import Enum
from types import TracebackType
from typing import Protocol, Self

from application.platform.events import Event, EventDispatcher, RecordedEvent
from domain.audit.audit_event import AuditEvent


class StorageUnavailable(Exception):
    """The storage cannot be reached, or the connection broke during a commit: whether it succeeded is unknown."""


class StorageBusy(StorageUnavailable):
    """The storage responds, but the time limit passed while other transactions used it. Nothing was stored."""


class TransientStorageError(Exception):
    """Nothing was stored, and the same use case may succeed if it runs again.

    The reason is contention, or a connection that was lost before the commit started.
    """


class StorageContention(TransientStorageError):
    """Other transactions were in the way: a deadlock, a serialization failure, or a lock that was not free in time."""


class UnitOfWorkNotOpen(RuntimeError):
    """A unit of work was used before it was entered, or after its commit or its end: an error in the program."""


class UnitOfWork(Protocol):
    """One transaction: `commit` stores all writes or none; leaving without a commit rolls them back.

    Enter it once, use it from one task, and commit at most once. Until the first write, each read sees what is
    committed at that time. Any use of it or of its repositories at another time raises UnitOfWorkNotOpen.
    """

    def add_event(self, event: Event) -> None:
        """Store the record of an event with the commit, and dispatch the event when the unit of work ends.

        Without a commit the event is discarded.
        """
        ...

    async def commit(self) -> None:
        """Make all writes durable.

        Raises:
            StorageUnavailable: The connection broke. It is unknown whether the writes were committed.
            TransientStorageError: Nothing was committed.
        """
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class State(Enum):
    """Where a unit of work is in its life."""

    NEW = "new"
    OPEN = "open"
    DONE = "done"


class Lifecycle:
    """The state of one unit of work.

    It is an object of its own, because repositories refer to it. References to the unit of work, which refers to its
    repositories, would be cycles that only the garbage collector can free.
    """

    def __init__(self) -> None:
        self.state = State.NEW

    def require_open(self) -> None:
        """Check that the unit of work has been entered, and has neither committed nor ended.

        Raises:
            UnitOfWorkNotOpen: It is not open.
        """
        if self.state is not State.OPEN:
            raise UnitOfWorkNotOpen(f"this unit of work is {self.state.value}")


class ManagedUnitOfWork(ABC):
    """States and events of a unit of work. Storages may inherit it and implement the abstract methods.

    Repositories call `require_open` before they read or write. Without a dispatcher, events are discarded.
    """

    def __init__(self, dispatcher: EventDispatcher | None) -> None:
        self._lifecycle = Lifecycle()
        self._is_committed = False
        self._events: list[Event] = []
        self._recorded: Sequence[RecordedEvent] = ()
        self._dispatcher = dispatcher

    @property
    def require_open(self) -> Callable[[], None]:
        """The check of `Lifecycle`, for repositories. It does not refer to this object."""
        return self._lifecycle.require_open

    def add_event(self, event: Event) -> None:
        """Store and dispatch an event if the unit of work commits. See `UnitOfWork.add_event`."""
        self.require_open()
        self._events.append(event)

    async def commit(self) -> None:
        """Make all writes durable. See `UnitOfWork.commit`."""
        self.require_open()
        if self._events and self._dispatcher is not None:
            self._recorded = self._dispatcher.describe(self._events)
            if records := [event.record for event in self._recorded if event.record]:
                await self._add_records(records)
        self._lifecycle.state = State.DONE
        await self._commit()
        self._is_committed = True

    async def __aenter__(self) -> Self:
        if self._lifecycle.state is not State.NEW:
            raise UnitOfWorkNotOpen("a unit of work can be entered only once")
        self._lifecycle.state = State.OPEN
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lifecycle.state = State.DONE
        try:
            await self._release()
        finally:
            if self._is_committed and self._dispatcher is not None:
                await self._dispatcher.dispatch(self._recorded)

    @abstractmethod
    async def _add_records(self, records: Sequence[AuditEvent]) -> None:
        """Store the records of events in the transaction."""

    @abstractmethod
    async def _commit(self) -> None:
        """Make all writes durable."""

    @abstractmethod
    async def _release(self) -> None:
        """Roll back what is not committed, and release connections and locks."""
