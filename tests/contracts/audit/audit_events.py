from datetime import timedelta
from typing import Final

import pytest
from uuid_utils.compat import uuid7

from application.platform.paging import Position, Window
from application.storage import Storage
from domain.audit.audit_event import AuditEvent, Source
from domain.audit.audit_query import AuditFilter, LatestFirst
from tests.contracts.given import StorageSuite
from tests.support.builders import ANN, BEN, NOW, an_audit_event, new_user_id

SECOND: Final = timedelta(seconds=1)
ADDRESS: Final = "192.0.2.1"

EVENTS: Final = [
    an_audit_event("login_failed", at=NOW, user_id=None, ip_address=ADDRESS),
    an_audit_event("login_failed", at=NOW, user_id=ANN, ip_address=ADDRESS),
    an_audit_event("login", at=NOW, user_id=ANN, actor_id=ANN, ip_address=ADDRESS),
    an_audit_event("role_changed", at=NOW + SECOND, user_id=BEN, actor_id=ANN, ip_address=ADDRESS),
    an_audit_event("role_changed", at=NOW + SECOND, user_id=ANN, actor_id=BEN, ip_address="2001:db8::1"),
    an_audit_event("request_forbidden", at=NOW + 2 * SECOND, actor_id=ANN),
    an_audit_event("user_erased", at=NOW + 2 * SECOND, user_id=ANN, actor_id=ANN, ip_address=ADDRESS),
    an_audit_event("login", at=NOW + 2 * SECOND, user_id=BEN, actor_id=BEN, ip_address=ADDRESS),
]

FILTERS: Final = {
    "all": AuditFilter(),
    "user": AuditFilter(user_id=ANN),
    "unknown user": AuditFilter(user_id=new_user_id()),
    "event": AuditFilter(event="login"),
    "unknown event": AuditFilter(event="unknown"),
    "since": AuditFilter(since=NOW + SECOND),
    "until": AuditFilter(until=NOW + SECOND),
    "everything": AuditFilter(user_id=ANN, event="role_changed", since=NOW, until=NOW + 2 * SECOND),
}


async def add(storage: Storage, *events: AuditEvent) -> None:
    async with storage.unit_of_work() as uow:
        await uow.audit_events.add(*events)
        await uow.commit()


async def find(storage: Storage, filter: AuditFilter, window: Window) -> tuple[list[AuditEvent], int | None]:
    async with storage.unit_of_work() as uow:
        found = await uow.audit_events.find(filter, window)
    return found.items, found.total


def in_order(*events: AuditEvent) -> list[AuditEvent]:
    return sorted(events, key=lambda event: (event.at, event.id), reverse=True)


class AuditEventContract(StorageSuite):
    async def test_an_event_is_stored_with_all_values(self, storage: Storage) -> None:
        event = an_audit_event(
            "user_changed",
            is_suspicious=True,
            actor_id=ANN,
            user_id=new_user_id(),
            source=Source.REQUEST,
            correlation_id=uuid7(),
            request_id="x" * 128,
            ip_address="2001:db8:ffff:ffff:ffff:ffff:255.255.255.255",
            details={"old": {"role": "user"}, "new": {"is_active": False}, "fields": ["é\U0001f600", "\u202e"]},
        )
        least = an_audit_event()
        await add(storage, event, least)
        assert await find(storage, AuditFilter(), Window(limit=9)) == (in_order(event, least), None)

    @pytest.mark.parametrize("name", FILTERS)
    async def test_events_are_found_latest_first_in_pages(self, storage: Storage, name: str) -> None:
        filter = FILTERS[name]
        await add(storage, *EVENTS)
        expected = in_order(*filter_events(filter))
        assert await find(storage, filter, Window(limit=9, is_counted=True)) == (expected, len(expected))
        assert await find(storage, filter, Window(limit=1, skip=1, is_counted=True)) == (expected[1:2], len(expected))
        before_all = Position(LatestFirst().key(EVENTS[-1]) + 1, EVENTS[-1].id)
        assert await find(storage, filter, Window(limit=9, after=before_all)) == (expected, None)

        seen: list[AuditEvent] = []
        after: Position | None = None
        while (page := (await find(storage, filter, Window(limit=2, after=after)))[0]) != []:
            seen += page
            after = Position(LatestFirst().key(page[-1]), page[-1].id)
        assert seen == expected

    async def test_addresses_of_a_user_are_erased_in_batches(self, storage: Storage) -> None:
        await add(storage, *EVENTS)
        position: Position | None = None
        batches = 0
        while position is not None or batches == 0:
            async with storage.unit_of_work() as uow:
                position = await uow.audit_events.erase_addresses(ANN, limit=1, after=position)
                await uow.commit()
            batches += 1

        found, _ = await find(storage, AuditFilter(), Window(limit=9))
        assert found == in_order(*(e.without_address() if e.is_address_erased_with(ANN) else e for e in EVENTS))
        assert batches == 4  # a login, a failed one, a change of Ben, and no more

    async def test_old_events_are_removed_in_batches(self, storage: Storage) -> None:
        await add(storage, *EVENTS)
        removed = []
        for _ in range(3):
            async with storage.unit_of_work() as uow:
                removed.append(await uow.audit_events.remove_old(NOW + SECOND, limit=2))
                await uow.commit()

        assert removed == [2, 1, 0]
        assert (await find(storage, AuditFilter(), Window(limit=9)))[0] == in_order(*EVENTS[3:])

    async def test_events_outlive_their_users(self, storage: Storage) -> None:
        await add(storage, event := an_audit_event(user_id=ANN))
        async with storage.unit_of_work() as uow:
            await uow.users.remove(await uow.users.get(ANN))
            await uow.users.purge(ANN, limit=9)
            await uow.commit()
        assert (await find(storage, AuditFilter(user_id=ANN), Window(limit=9)))[0] == [event]


def filter_events(filter: AuditFilter) -> list[AuditEvent]:
    return [event for event in EVENTS if filter.match(event)]
