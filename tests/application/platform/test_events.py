"""Effects of a use case happen once, after the commit of the attempt that succeeded."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

import pytest

from adapters.memory.storage import InMemoryStorage
from adapters.process.session_state_cache import LeasedSessionStateCache
from application.identity.events import SessionsEnded
from application.platform.events import Event, EventDispatcher, RecordedEvent
from application.platform.unit_of_work import ManagedUnitOfWork, StorageUnavailable, TransientStorageError
from domain.audit.audit_event import AuditEvent
from domain.identity.user import Role, User, UserId
from tests.application.faults import FaultyStorage
from tests.support.accounts import PASSWORD, registered
from tests.support.builders import AN_ADMIN, ANN, acting, an_audit_event
from tests.support.stubs import SettableClock
from tests.support.world import World

Change = Callable[[World, User], Awaitable[object]]


class RecordingStates(LeasedSessionStateCache):
    """Records the users whose session states were invalidated."""

    def __init__(self) -> None:
        super().__init__(0, is_single_process=True)
        self.invalidated: list[UserId] = []

    async def invalidate(self, user_id: UserId) -> None:
        self.invalidated.append(user_id)
        await super().invalidate(user_id)


CHANGES: Final[dict[str, tuple[Change, list[str]]]] = {
    "edit": (
        lambda world, user: world.users.edit(AN_ADMIN, user.id, role=Role.MANAGER),
        ["user_changed", "role_changed"],
    ),
    "delete": (lambda world, user: world.users.delete(AN_ADMIN, user.id), ["user_erased"]),
    "erase": (lambda world, user: world.accounts.erase(acting(user.id), PASSWORD), ["user_erased"]),
    "revoke all": (lambda world, user: world.sessions.revoke_all(acting(user.id)), ["sessions_ended"]),
}

changes = pytest.mark.parametrize("name", CHANGES)


@changes
async def test_effects_happen_once_if_the_use_case_runs_several_times(
    name: str, storage: InMemoryStorage, clock: SettableClock
) -> None:
    user = await registered(World(storage, clock))
    lost: Iterator[Exception | None] = iter([TransientStorageError(), TransientStorageError(), None])
    states = RecordingStates()
    world = World(FaultyStorage(storage, lost, has_committed=False), clock, session_states=states)
    change, events = CHANGES[name]
    await change(world, user)

    assert world.audit.names == events
    assert states.invalidated == [user.id]


class LosingConnection(ManagedUnitOfWork):
    """Loses its connection after the commit."""

    async def _add_records(self, records: Sequence[AuditEvent]) -> None:
        pass

    async def _commit(self) -> None:
        pass

    async def _release(self) -> None:
        raise ConnectionError


async def test_events_are_dispatched_if_the_connection_is_lost_after_the_commit() -> None:
    dispatched: list[Event] = []

    async def handle(event: RecordedEvent) -> None:
        dispatched.append(event.event)

    with pytest.raises(ConnectionError):
        async with LosingConnection(EventDispatcher(lambda event: an_audit_event(event.name), handle)) as uow:
            uow.add_event(SessionsEnded(ANN, actor_id=ANN))
            await uow.commit()

    assert dispatched == [SessionsEnded(ANN, actor_id=ANN)]


@changes
async def test_nothing_happens_if_the_commit_fails(name: str, storage: InMemoryStorage, clock: SettableClock) -> None:
    user = await registered(World(storage, clock))
    states = RecordingStates()
    faults: Iterator[Exception | None] = iter([StorageUnavailable()])
    world = World(FaultyStorage(storage, faults, has_committed=False), clock, session_states=states)
    with pytest.raises(StorageUnavailable):
        await CHANGES[name][0](world, user)

    assert world.audit.names == []
    assert states.invalidated == []
