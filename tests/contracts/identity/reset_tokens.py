import asyncio
from datetime import timedelta

import pytest

from application.identity.ports import ResetToken
from application.storage import Storage
from domain.errors import UserNotFound
from tests.contracts.given import StorageSuite, retry
from tests.contracts.identity.users import get
from tests.support.builders import ANN, BEN, NOW, new_user_id

LATER = NOW + timedelta(hours=1)


class ResetTokenContract(StorageSuite):
    async def test_a_reset_token_is_found_until_it_is_replaced_or_removed(self, storage: Storage) -> None:
        one, two = ResetToken(ANN, b"\x00one", NOW), ResetToken(ANN, b"two\xff", LATER)
        async with storage.unit_of_work() as uow:
            assert await uow.reset_tokens.find(ANN) is None
        for token in (one, two):
            async with storage.unit_of_work() as uow:
                await uow.reset_tokens.put(token)
                assert await uow.reset_tokens.find(ANN) == token
                await uow.commit()
            async with storage.unit_of_work() as uow:
                assert await uow.reset_tokens.find(ANN) == token
                assert await uow.reset_tokens.find(BEN) is None
                await uow.reset_tokens.remove(ANN)
                await uow.reset_tokens.remove(BEN)
        async with storage.unit_of_work() as uow:
            await uow.reset_tokens.remove(ANN)
            await uow.commit()
        async with storage.unit_of_work() as uow:
            assert await uow.reset_tokens.find(ANN) is None

    async def test_a_reset_token_of_an_unknown_user_is_refused(self, storage: Storage) -> None:
        with pytest.raises(UserNotFound):
            async with storage.unit_of_work() as uow:
                await uow.reset_tokens.put(ResetToken(new_user_id(), b"hash", NOW))

    async def test_expired_reset_tokens_are_removed_in_batches(self, storage: Storage) -> None:
        async with storage.unit_of_work() as uow:
            for token in (ResetToken(ANN, b"old", NOW), ResetToken(BEN, b"old", NOW)):
                await uow.reset_tokens.put(token)
            removed = [await uow.reset_tokens.remove_expired(NOW, limit=1)]
            for user_id in (ANN, BEN):
                await uow.reset_tokens.put(ResetToken(user_id, b"new", LATER))
            await uow.reset_tokens.put(ResetToken(ANN, b"old", NOW))
            removed += [await uow.reset_tokens.remove_expired(NOW, limit=2)]
            await uow.commit()
        assert removed == [1, 1]
        async with storage.unit_of_work() as uow:
            assert await uow.reset_tokens.find(ANN) is None
            assert await uow.reset_tokens.find(BEN) == ResetToken(BEN, b"new", LATER)

    async def test_one_of_many_concurrent_uses_finds_the_reset_token(self, storage: Storage) -> None:
        async with storage.unit_of_work() as uow:
            await uow.reset_tokens.put(token := ResetToken(ANN, b"hash", NOW))
            await uow.commit()

        async def use() -> ResetToken | None:
            async with storage.unit_of_work() as uow:
                found = await uow.reset_tokens.find(ANN)
                await asyncio.sleep(0.01)
                await uow.reset_tokens.remove(ANN)
                if found is not None:
                    await uow.users.save((await uow.users.get(ANN)).with_password("new", at=NOW))
                await uow.commit()
            return found

        outcomes = await asyncio.gather(*(retry(use) for _ in range(5)))
        assert [found for found in outcomes if found is not None] == [token]
        assert (await get(storage, ANN)).version == 2
