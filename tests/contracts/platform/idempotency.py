import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from application.platform.idempotency import AlreadyExecuted, IdempotencyKeyInUse, IdempotencyRecord, RequestKey
from application.storage import Storage
from domain.errors import UserNotFound
from tests.contracts.given import StorageSuite, add, add_in, expected_snapshot, remove_user_in, snapshot
from tests.support.builders import ANN, BEN, NOW, a_task, new_user_id

TOMORROW: Final = NOW + timedelta(hours=24)
BYTES: Final = bytes(range(256))


def a_record(**overrides: Any) -> IdempotencyRecord:
    fields: dict[str, Any] = {
        "request": RequestKey(ANN, "POST /tasks", "key"),
        "fingerprint": BYTES[::-1],
        "payload": BYTES,
        "expires_at": TOMORROW,
    }
    return IdempotencyRecord(**(fields | overrides))


async def store(storage: Storage, record: IdempotencyRecord, now: Any = NOW) -> None:
    async with storage.unit_of_work() as uow:
        await uow.idempotency.add(record, now)
        await uow.commit()


async def stored(storage: Storage, request: RequestKey, now: Any = NOW) -> IdempotencyRecord | None:
    async with storage.unit_of_work() as uow:
        return await uow.idempotency.find(request, now)


class IdempotencyContract(StorageSuite):
    async def test_a_stored_record_is_returned_unchanged(self, storage: Storage) -> None:
        record = a_record()
        await store(storage, record)
        assert await stored(storage, record.request) == record

    async def test_keys_are_separate_for_each_user_and_operation(self, storage: Storage) -> None:
        record = a_record()
        others = [RequestKey(BEN, "POST /tasks", "key"), RequestKey(ANN, "POST /files", "key")]
        others.append(RequestKey(ANN, "POST /tasks", "KEY"))
        await store(storage, record)
        for other in others:
            assert await stored(storage, other) is None
            await store(storage, a_record(request=other, fingerprint=b"another"))
        assert await stored(storage, record.request) == record

    async def test_a_second_record_with_the_same_key_is_refused(self, storage: Storage) -> None:
        record = a_record()
        await store(storage, record)
        with pytest.raises(AlreadyExecuted) as raised:
            await store(storage, replace(record, fingerprint=b"another"))
        assert raised.value.record == record

    async def test_a_record_is_returned_until_it_expires(self, storage: Storage) -> None:
        record = a_record()
        later = a_record(fingerprint=b"later", expires_at=TOMORROW + timedelta(hours=24), subject_id=BEN)
        await store(storage, record)
        assert await stored(storage, record.request, TOMORROW - timedelta(microseconds=1)) == record
        assert await stored(storage, record.request, TOMORROW) is None
        await store(storage, later, TOMORROW)
        assert await stored(storage, record.request, TOMORROW) == later

    async def test_expired_records_are_removed_in_batches(self, storage: Storage) -> None:
        new = a_record(request=RequestKey(BEN, "x", "y"), expires_at=TOMORROW + timedelta(1))
        old = [a_record(request=RequestKey(user_id, "x", key)) for user_id in (ANN, BEN) for key in "abc"]
        for record in (*old, new):
            await store(storage, record)
        async with storage.unit_of_work() as uow:
            removed = [await uow.idempotency.remove_expired(TOMORROW, limit=4) for _ in range(3)]
            await uow.commit()
        assert removed == [4, 2, 0]
        assert [await stored(storage, record.request) for record in old] == [None] * 6
        assert await stored(storage, new.request) == new

    async def test_a_record_for_an_unknown_user_is_refused(self, storage: Storage) -> None:
        with pytest.raises(UserNotFound):
            await store(storage, a_record(request=RequestKey(new_user_id(), "x", "y")))

    async def test_removing_a_user_removes_their_records(self, storage: Storage) -> None:
        record, bens = a_record(), a_record(request=RequestKey(BEN, "x", "y"))
        await store(storage, record)
        await store(storage, bens)
        async with storage.unit_of_work() as uow:
            await remove_user_in(uow, await uow.users.get(ANN))
            await uow.commit()
        assert await stored(storage, record.request) is None
        assert await stored(storage, bens.request) == bens

    async def test_removing_the_subject_of_a_record_empties_its_payload(self, storage: Storage) -> None:
        record, other = a_record(subject_id=BEN), a_record(request=RequestKey(ANN, "x", "y"), subject_id=ANN)
        bens = a_record(request=RequestKey(BEN, "x", "y"), subject_id=BEN)
        for each in (record, other, bens):
            await store(storage, each)
        async with storage.unit_of_work() as uow:
            await remove_user_in(uow, await uow.users.get(BEN))
            await uow.commit()
        assert await stored(storage, record.request) == replace(record, payload=b"", subject_id=None)
        assert await stored(storage, other.request) == other
        assert await stored(storage, bens.request) is None

    async def test_the_record_and_its_effect_are_stored_together_or_not_at_all(self, storage: Storage) -> None:
        record = a_record()
        async with storage.unit_of_work() as uow:
            await uow.idempotency.add(record, NOW)
            await add_in(uow, a_task())
        assert await stored(storage, record.request) is None
        assert await snapshot(storage) == expected_snapshot()
        await store(storage, record)

    async def test_one_of_twenty_concurrent_requests_takes_effect(self, storage: Storage) -> None:
        record, tasks = a_record(), [a_task() for _ in range(20)]

        async def run(n: int) -> None:
            async with storage.unit_of_work() as uow:
                await uow.idempotency.add(replace(record, payload=b"%d" % n), NOW)
                await add_in(uow, tasks[n])
                await uow.commit()

        outcomes = await asyncio.gather(*map(run, range(20)), return_exceptions=True)
        assert outcomes.count(None) == 1
        winner = outcomes.index(None)
        for outcome in outcomes[:winner] + outcomes[winner + 1 :]:
            assert isinstance(outcome, AlreadyExecuted | IdempotencyKeyInUse), outcome
        assert await snapshot(storage) == expected_snapshot(tasks[winner])
        found = await stored(storage, record.request)
        assert found is not None
        assert found.payload == b"%d" % winner

    async def test_a_key_can_be_used_again_after_a_failed_request(self, storage: Storage) -> None:
        record = a_record()
        async with storage.unit_of_work() as uow:
            await uow.idempotency.add(record, NOW)
        await add(storage, a_task())
        await store(storage, record)
