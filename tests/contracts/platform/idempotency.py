import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from application.platform.idempotency import AlreadyAnswered, Answer, IdempotencyKeyInUse, IdempotencyRecord, RequestKey
from application.storage import Storage
from domain.errors import UserNotFound
from tests.contracts.given import StorageSuite, add, seen, seen_of
from tests.support.builders import ANN, BEN, NOW, a_task, new_user_id

TOMORROW: Final = NOW + timedelta(hours=24)
BYTES: Final = bytes(range(256))


def a_record(**overrides: Any) -> IdempotencyRecord:
    fields: dict[str, Any] = {
        "request": RequestKey(ANN, "POST /tasks", "key"),
        "fingerprint": BYTES[::-1],
        "answer": Answer(201, {"Location": "/tasks/ü"}, BYTES),
        "expires_at": TOMORROW,
    }
    return IdempotencyRecord(**(fields | overrides))


async def keep(storage: Storage, record: IdempotencyRecord, now: Any = NOW) -> None:
    async with storage.unit_of_work() as uow:
        await uow.idempotency.add(record, now)
        await uow.commit()


async def kept(storage: Storage, request: RequestKey, now: Any = NOW) -> IdempotencyRecord | None:
    async with storage.unit_of_work() as uow:
        return await uow.idempotency.find(request, now)


class IdempotencyContract(StorageSuite):
    async def test_a_kept_answer_comes_back_as_it_was(self, storage: Storage) -> None:
        record = a_record()
        await keep(storage, record)
        assert await kept(storage, record.request) == record

    async def test_a_key_is_one_users_and_one_operations(self, storage: Storage) -> None:
        record = a_record()
        others = [RequestKey(BEN, "POST /tasks", "key"), RequestKey(ANN, "POST /files", "key")]
        others.append(RequestKey(ANN, "POST /tasks", "KEY"))
        await keep(storage, record)
        for other in others:
            assert await kept(storage, other) is None
            await keep(storage, a_record(request=other, fingerprint=b"another"))
        assert await kept(storage, record.request) == record

    async def test_an_answer_is_kept_once(self, storage: Storage) -> None:
        record = a_record()
        await keep(storage, record)
        with pytest.raises(AlreadyAnswered) as found:
            await keep(storage, replace(record, fingerprint=b"another"))
        assert found.value.record == record

    async def test_an_answer_is_kept_until_it_expires(self, storage: Storage) -> None:
        record, later = a_record(), a_record(fingerprint=b"later", expires_at=TOMORROW + timedelta(hours=24))
        await keep(storage, record)
        assert await kept(storage, record.request, TOMORROW - timedelta(microseconds=1)) == record
        assert await kept(storage, record.request, TOMORROW) is None
        await keep(storage, later, TOMORROW)
        assert await kept(storage, record.request, TOMORROW) == later

    async def test_expired_answers_are_removed_some_at_a_time(self, storage: Storage) -> None:
        new = a_record(request=RequestKey(BEN, "x", "y"), expires_at=TOMORROW + timedelta(1))
        old = [a_record(request=RequestKey(user_id, "x", key)) for user_id in (ANN, BEN) for key in "abc"]
        for record in (*old, new):
            await keep(storage, record)
        async with storage.unit_of_work() as uow:
            removed = [await uow.idempotency.remove_expired(TOMORROW, limit=4) for _ in range(3)]
            await uow.commit()
        assert removed == [4, 2, 0]
        assert [await kept(storage, record.request) for record in old] == [None] * 6
        assert await kept(storage, new.request) == new

    async def test_an_answer_to_nobody_is_refused(self, storage: Storage) -> None:
        with pytest.raises(UserNotFound):
            await keep(storage, a_record(request=RequestKey(new_user_id(), "x", "y")))

    async def test_answers_go_with_their_user(self, storage: Storage) -> None:
        record, bens = a_record(), a_record(request=RequestKey(BEN, "x", "y"))
        await keep(storage, record)
        await keep(storage, bens)
        async with storage.unit_of_work() as uow:
            await uow.users.remove(await uow.users.get(ANN))
            await uow.commit()
        assert await kept(storage, record.request) is None
        assert await kept(storage, bens.request) == bens

    async def test_the_answer_and_its_effect_are_stored_together_or_not_at_all(self, storage: Storage) -> None:
        record = a_record()
        async with storage.unit_of_work() as uow:
            await uow.idempotency.add(record, NOW)
            await uow.tasks.add(a_task())
        assert await kept(storage, record.request) is None
        assert await seen(storage) == seen_of()
        await keep(storage, record)

    async def test_of_twenty_at_once_one_has_an_effect(self, storage: Storage) -> None:
        record, tasks = a_record(), [a_task() for _ in range(20)]

        async def once(n: int) -> None:
            async with storage.unit_of_work() as uow:
                await uow.idempotency.add(replace(record, answer=Answer(201, {}, b"%d" % n)), NOW)
                await uow.tasks.add(tasks[n])
                await uow.commit()

        outcomes = await asyncio.gather(*map(once, range(20)), return_exceptions=True)
        assert outcomes.count(None) == 1
        winner = outcomes.index(None)
        for outcome in outcomes[:winner] + outcomes[winner + 1 :]:
            assert isinstance(outcome, AlreadyAnswered | IdempotencyKeyInUse), outcome
        assert await seen(storage) == seen_of(tasks[winner])
        found = await kept(storage, record.request)
        assert found is not None
        assert found.answer.body == b"%d" % winner

    async def test_a_key_can_be_used_again_when_whoever_had_it_failed(self, storage: Storage) -> None:
        record = a_record()
        async with storage.unit_of_work() as uow:
            await uow.idempotency.add(record, NOW)
        await add(storage, a_task())
        await keep(storage, record)
