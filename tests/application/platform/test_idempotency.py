import pytest

from adapters.memory.storage import InMemoryStorage
from application.platform.idempotency import (
    AlreadyExecuted,
    IdempotencyKeyReused,
    IdempotencyRecord,
    IdempotencyService,
    RequestKey,
)
from tests.support.builders import ANN
from tests.support.stubs import SettableClock

PAYLOAD = b"the response"
DIGEST = b"a digest of a body with a password"


def request(key: str = "a key that cannot be guessed") -> RequestKey:
    return RequestKey(ANN, "POST /users", key)


@pytest.fixture
def service(storage: InMemoryStorage, clock: SettableClock) -> IdempotencyService:
    return IdempotencyService(storage.unit_of_work, clock)


async def store(storage: InMemoryStorage, service: IdempotencyService, key: RequestKey, digest: bytes = DIGEST) -> None:
    async with storage.unit_of_work() as uow:
        await service.write(key, digest, lambda result: result).store(uow, PAYLOAD)
        await uow.commit()


@pytest.mark.usefixtures("ann_and_ben")
async def test_stored_records_reveal_neither_keys_nor_content_digests(
    storage: InMemoryStorage, service: IdempotencyService
) -> None:
    records = list[IdempotencyRecord]()
    for key in (request("one"), request("two")):
        await store(storage, service, key)
        with pytest.raises(AlreadyExecuted) as raised:
            await store(storage, service, key)
        records.append(raised.value.record)

    assert not {"one", "two"} & {record.request.key for record in records}
    assert len({DIGEST} | {record.fingerprint for record in records}) == 3


@pytest.mark.usefixtures("ann_and_ben")
async def test_a_repeated_request_is_answered_from_storage(
    storage: InMemoryStorage, service: IdempotencyService
) -> None:
    assert await service.find(request(), DIGEST) is None
    await store(storage, service, request())
    assert await service.find(request(), DIGEST) == PAYLOAD
    with pytest.raises(IdempotencyKeyReused):
        await service.find(request(), b"another")

    with pytest.raises(AlreadyExecuted) as raised:
        await store(storage, service, request())
    assert raised.value.record.payload == PAYLOAD
    with pytest.raises(IdempotencyKeyReused):
        await store(storage, service, request(), b"another")
