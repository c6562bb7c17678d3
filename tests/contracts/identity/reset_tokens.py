import asyncio
from datetime import timedelta

import pytest

from application.storage import Storage
from domain.errors import UserNotFound
from domain.identity.reset_tokens import ResetTokens
from tests.contracts.given import StorageSuite, retry
from tests.contracts.identity.users import get
from tests.contracts.state_machine.assortment import MICROSECOND
from tests.support.builders import ANN, BEN, NOW, new_user_id, reset_tokens

OUTDATED = NOW + ResetTokens.INTERVAL
LATER = NOW + MICROSECOND


class ResetTokenContract(StorageSuite):
    async def test_reset_tokens_are_found_until_they_are_replaced_or_removed(self, storage: Storage) -> None:
        one, two = reset_tokens(ANN, NOW), reset_tokens(ANN, NOW, NOW + timedelta(minutes=29), LATER)
        async with storage.unit_of_work() as uow:
            assert await uow.reset_tokens.find(ANN) == ResetTokens(ANN)
        for tokens in (one, two, two.revoke()):
            async with storage.unit_of_work() as uow:
                await uow.reset_tokens.put(tokens)
                assert await uow.reset_tokens.find(ANN) == tokens
                await uow.commit()
            async with storage.unit_of_work() as uow:
                assert await uow.reset_tokens.find(ANN) == tokens
                assert await uow.reset_tokens.find(BEN) == ResetTokens(BEN)
                await uow.reset_tokens.remove(ANN)
                await uow.reset_tokens.remove(BEN)
        async with storage.unit_of_work() as uow:
            await uow.reset_tokens.remove(ANN)
            await uow.commit()
        async with storage.unit_of_work() as uow:
            assert await uow.reset_tokens.find(ANN) == ResetTokens(ANN)

    async def test_reset_tokens_of_an_unknown_user_are_refused(self, storage: Storage) -> None:
        with pytest.raises(UserNotFound):
            async with storage.unit_of_work() as uow:
                await uow.reset_tokens.put(reset_tokens(new_user_id(), NOW))

    async def test_outdated_reset_tokens_are_removed_in_batches(self, storage: Storage) -> None:
        async with storage.unit_of_work() as uow:
            for user_id in (ANN, BEN):
                await uow.reset_tokens.put(reset_tokens(user_id, NOW))
            assert await uow.reset_tokens.remove_outdated(OUTDATED - MICROSECOND, limit=2) == 0
            removed = [await uow.reset_tokens.remove_outdated(OUTDATED, limit=1)]
            await uow.reset_tokens.put(reset_tokens(ANN, NOW))
            await uow.reset_tokens.put(kept := reset_tokens(BEN, NOW, LATER))
            removed += [await uow.reset_tokens.remove_outdated(OUTDATED, limit=2)]
            await uow.commit()
        assert removed == [1, 1]
        async with storage.unit_of_work() as uow:
            assert await uow.reset_tokens.find(ANN) == ResetTokens(ANN)
            assert await uow.reset_tokens.find(BEN) == kept

    async def test_one_of_many_concurrent_uses_finds_the_reset_tokens(self, storage: Storage) -> None:
        async with storage.unit_of_work() as uow:
            await uow.reset_tokens.put(tokens := reset_tokens(ANN, NOW))
            await uow.commit()

        async def use() -> ResetTokens:
            async with storage.unit_of_work() as uow:
                found = await uow.reset_tokens.find(ANN)
                await asyncio.sleep(0.01)
                await uow.reset_tokens.remove(ANN)
                if found.tokens:
                    await uow.users.save((await uow.users.get(ANN)).with_password("new", at=NOW))
                await uow.commit()
            return found

        outcomes = await asyncio.gather(*(retry(use) for _ in range(5)))
        assert [found for found in outcomes if found.tokens] == [tokens]
        assert (await get(storage, ANN)).version == 2
