from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

import pytest

from application.platform.events import Event, EventDispatcher, RecordedEvent
from application.platform.paging import Window
from application.platform.unit_of_work import UnitOfWorkNotOpen
from application.storage import Storage, UnitOfWork
from domain.audit.audit_event import AuditEvent
from domain.audit.audit_query import AuditFilter
from tests.contracts.given import EVERYTHING, OLDEST_FIRST, StorageSuite, add, add_in, expected_snapshot, snapshot
from tests.support.builders import ANN, a_task, a_user, an_audit_event


@dataclass(frozen=True, slots=True)
class Painted(Event):
    name: ClassVar = "painted"
    colour: str


def described(event: Event) -> AuditEvent:
    assert isinstance(event, Painted)
    return an_audit_event(event.name, details={"colour": event.colour})


async def recorded(storage: Storage) -> list[AuditEvent]:
    async with storage.unit_of_work() as uow:
        return (await uow.audit_events.find(AuditFilter(), Window(limit=9))).items


async def read_user(uow: UnitOfWork) -> None:
    await uow.users.get(ANN)


async def read_sessions(uow: UnitOfWork) -> None:
    await uow.sessions.find_by_user(ANN)


async def list_tasks(uow: UnitOfWork) -> None:
    await uow.tasks.find(EVERYTHING, OLDEST_FIRST, Window(limit=1), owner_id=ANN)


async def read_revision(uow: UnitOfWork) -> None:
    await uow.tasks.revision(owner_id=ANN)


async def add_task(uow: UnitOfWork) -> None:
    await add_in(uow, a_task())


async def add_user(uow: UnitOfWork) -> None:
    await uow.users.add(a_user(username="carol"))


async def remove_reset_token(uow: UnitOfWork) -> None:
    await uow.reset_tokens.remove(ANN)


async def count_jobs(uow: UnitOfWork) -> None:
    await uow.jobs.counts()


async def add_no_jobs(uow: UnitOfWork) -> None:
    await uow.jobs.add()


async def list_audit_events(uow: UnitOfWork) -> None:
    await uow.audit_events.find(AuditFilter(), Window(limit=1))


async def add_event(uow: UnitOfWork) -> None:
    uow.add_event(Painted("red"))


async def commit(uow: UnitOfWork) -> None:
    await uow.commit()


Use = Callable[[UnitOfWork], Awaitable[None]]

USES: tuple[Use, ...] = (
    read_user,
    read_sessions,
    list_tasks,
    read_revision,
    add_task,
    add_user,
    remove_reset_token,
    count_jobs,
    add_no_jobs,
    list_audit_events,
    add_event,
    commit,
)

uses = pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)


class UnitOfWorkStateContract(StorageSuite):
    @uses
    async def test_a_unit_of_work_that_was_not_entered_refuses_every_use(self, storage: Storage, use: Use) -> None:
        with pytest.raises(UnitOfWorkNotOpen):
            await use(storage.unit_of_work())

        assert await snapshot(storage) == expected_snapshot()

    @uses
    async def test_a_unit_of_work_refuses_every_use_after_its_commit(self, storage: Storage, use: Use) -> None:
        task = a_task()
        async with storage.unit_of_work() as uow:
            await add_in(uow, task)
            await uow.commit()
            with pytest.raises(UnitOfWorkNotOpen):
                await use(uow)

        assert await snapshot(storage) == expected_snapshot(task)

    @uses
    async def test_a_unit_of_work_refuses_every_use_after_its_end(self, storage: Storage, use: Use) -> None:
        async with storage.unit_of_work() as uow:
            await add_in(uow, a_task())
        with pytest.raises(UnitOfWorkNotOpen):
            await use(uow)

        assert await snapshot(storage) == expected_snapshot()

    async def test_a_unit_of_work_can_be_entered_only_once(self, storage: Storage) -> None:
        uow = storage.unit_of_work()
        async with uow:
            with pytest.raises(UnitOfWorkNotOpen):
                await uow.__aenter__()
            assert await uow.users.get(ANN)
        with pytest.raises(UnitOfWorkNotOpen):
            await uow.__aenter__()

    async def test_events_are_dispatched_once_in_order_after_the_commit(self, storage: Storage) -> None:
        dispatched: list[Event] = []
        task = a_task()

        async def handle(event: RecordedEvent) -> None:
            assert await snapshot(storage) == expected_snapshot(task)
            assert event.record in await recorded(storage)
            dispatched.append(event.event)

        async with storage.unit_of_work(EventDispatcher(described, handle)) as uow:
            uow.add_event(Painted("red"))
            await add_in(uow, task)
            uow.add_event(Painted("blue"))
            await uow.commit()
            assert dispatched == []

        assert dispatched == [Painted("red"), Painted("blue")]
        assert [event.details for event in await recorded(storage)] == [{"colour": "blue"}, {"colour": "red"}]

    async def test_locks_are_released_before_events_are_dispatched(self, storage: Storage) -> None:
        first, second = a_task(), a_task()

        async def handle(event: RecordedEvent) -> None:
            await add(storage, second)

        async with storage.unit_of_work(EventDispatcher(described, handle)) as uow:
            uow.add_event(Painted("red"))
            await add_in(uow, first)
            await uow.commit()

        assert (await snapshot(storage)).total == 2

    @pytest.mark.parametrize("fails", [False, True])
    async def test_events_of_a_rolled_back_transaction_are_discarded(self, storage: Storage, fails: bool) -> None:
        dispatched: list[RecordedEvent] = []

        async def handle(event: RecordedEvent) -> None:
            dispatched.append(event)

        async def work() -> None:
            async with storage.unit_of_work(EventDispatcher(described, handle)) as uow:
                uow.add_event(Painted("red"))
                await add_in(uow, a_task())
                if fails:
                    raise ZeroDivisionError

        if fails:
            with pytest.raises(ZeroDivisionError):
                await work()
        else:
            await work()

        assert dispatched == []
        assert await recorded(storage) == []

    async def test_events_are_dispatched_if_an_error_follows_the_commit(self, storage: Storage) -> None:
        dispatched: list[Event] = []

        async def handle(event: RecordedEvent) -> None:
            dispatched.append(event.event)

        with pytest.raises(ZeroDivisionError):
            async with storage.unit_of_work(EventDispatcher(described, handle)) as uow:
                uow.add_event(Painted("red"))
                await add_in(uow, a_task())
                await uow.commit()
                raise ZeroDivisionError

        assert dispatched == [Painted("red")]
