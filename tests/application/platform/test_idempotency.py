from dataclasses import replace

import pytest

from adapters.memory.storage import InMemoryStorage
from application.identity.registration import CreateUser
from application.platform.idempotency import (
    AlreadyExecuted,
    IdempotencyKeyReused,
    IdempotencyRecord,
    IdempotencyService,
    IdempotentWrite,
    RequestKey,
)
from domain.errors import Forbidden, UserNotFound
from domain.identity.actor import Actor
from domain.identity.user import Role, User
from tests.support.accounts import PASSWORD, an_actor
from tests.support.builders import ANN
from tests.support.stubs import SettableClock
from tests.support.world import World

PAYLOAD = b"the response"
DIGEST = b"a digest of a body with a password"


def request(key: str = "a key that cannot be guessed") -> RequestKey:
    return RequestKey(ANN, "POST /users", key)


@pytest.fixture
def service(clock: SettableClock) -> IdempotencyService:
    return IdempotencyService(clock)


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
    async def require_new(digest: bytes) -> None:
        async with storage.unit_of_work() as uow:
            await service.write(request(), digest, bytes).require_new(uow)

    await require_new(DIGEST)
    await store(storage, service, request())
    with pytest.raises(AlreadyExecuted) as found:
        await require_new(DIGEST)
    assert found.value.record.payload == PAYLOAD
    with pytest.raises(IdempotencyKeyReused):
        await require_new(b"another")

    with pytest.raises(AlreadyExecuted) as raised:
        await store(storage, service, request())
    assert raised.value.record.payload == PAYLOAD
    with pytest.raises(IdempotencyKeyReused):
        await store(storage, service, request(), b"another")


async def test_rights_are_checked_before_a_stored_response_is_looked_up(
    world: World, service: IdempotencyService
) -> None:
    admin = await an_actor(world, "admin", Role.ADMIN)
    command = CreateUser(username="new", email="new@example.com", password=PASSWORD)

    async def create(actor: Actor) -> User:
        write: IdempotentWrite[User] = service.write(
            RequestKey(admin.user_id, "POST /users", "key"), DIGEST, lambda user: user.email.encode()
        )
        return await world.users.create(actor, command, idempotent_write=write)

    await create(admin)
    with pytest.raises(Forbidden):
        await create(replace(admin, role=Role.MANAGER))
    hashed = world.hasher.hashed
    with pytest.raises(AlreadyExecuted):
        await create(admin)
    assert world.hasher.hashed == hashed


async def test_a_repeated_request_does_not_create_an_erased_user_again(
    world: World, service: IdempotencyService
) -> None:
    admin = await an_actor(world, "admin", Role.ADMIN)
    key = RequestKey(admin.user_id, "POST /users", "key")
    command = CreateUser(username="new", email="new@example.com", password=PASSWORD)

    async def create(digest: bytes) -> User:
        write: IdempotentWrite[User] = service.write(key, digest, lambda user: user.email.encode())
        return await world.users.create(admin, command, idempotent_write=write)

    new = await create(DIGEST)
    await world.users.delete(admin, new.id)
    with pytest.raises(UserNotFound):
        await create(DIGEST)
    with pytest.raises(IdempotencyKeyReused):
        await create(b"another")
    async with world.storage.unit_of_work() as uow:
        assert await uow.users.find_by_login("new") is None
