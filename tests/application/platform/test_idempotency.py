import pytest

from adapters.memory.storage import InMemoryStorage
from application.platform.idempotency import (
    AlreadyAnswered,
    Answer,
    IdempotencyKeyReused,
    IdempotencyRecord,
    IdempotencyService,
    RequestKey,
)
from tests.support.builders import ANN
from tests.support.stubs import SettableClock

ANSWER = Answer(201, {}, b"done")
DIGEST = b"a digest of a body with a password"


def request(key: str = "a key that nobody guesses") -> RequestKey:
    return RequestKey(ANN, "POST /users", key)


@pytest.fixture
def service(storage: InMemoryStorage, clock: SettableClock) -> IdempotencyService:
    return IdempotencyService(storage.unit_of_work, clock)


async def keep(storage: InMemoryStorage, service: IdempotencyService, key: RequestKey, digest: bytes = DIGEST) -> None:
    async with storage.unit_of_work() as uow:
        await service.once(key, digest, lambda result: result).keep(uow, ANSWER)
        await uow.commit()


@pytest.mark.usefixtures("ann_and_ben")
async def test_what_is_kept_lets_nobody_try_out_what_was_asked(
    storage: InMemoryStorage, service: IdempotencyService
) -> None:
    kept = list[IdempotencyRecord]()
    for key in (request("one"), request("two")):
        await keep(storage, service, key)
        with pytest.raises(AlreadyAnswered) as found:
            await keep(storage, service, key)
        kept.append(found.value.record)

    assert not {"one", "two"} & {record.request.key for record in kept}
    assert len({DIGEST} | {record.fingerprint for record in kept}) == 3


@pytest.mark.usefixtures("ann_and_ben")
async def test_who_asks_the_same_again_is_told_the_same(storage: InMemoryStorage, service: IdempotencyService) -> None:
    assert await service.find(request(), DIGEST) is None
    await keep(storage, service, request())
    assert await service.find(request(), DIGEST) == ANSWER
    with pytest.raises(IdempotencyKeyReused):
        await service.find(request(), b"another")

    with pytest.raises(AlreadyAnswered) as found:
        await keep(storage, service, request())
    assert found.value.record.answer == ANSWER
    with pytest.raises(IdempotencyKeyReused):
        await keep(storage, service, request(), b"another")
