import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import argon2
import pytest

from adapters.security.argon2 import Argon2PasswordHasher
from application.platform.load import CallerGone, Overloaded, watch_caller
from tests.contracts.identity.password_hasher import PasswordHasherContract


class TestArgon2(PasswordHasherContract):
    @pytest.fixture
    async def hasher(self) -> AsyncIterator[Argon2PasswordHasher]:
        async with Argon2PasswordHasher(memory_kib=64, passes=1) as hasher:
            yield hasher

    async def test_a_hasher_can_be_used_after_its_end(self, hasher: Argon2PasswordHasher) -> None:
        made = await hasher.hash("Correct-Horse-7")
        async with hasher:
            pass

        assert await hasher.verify("Correct-Horse-7", made)

    async def test_hashes_with_lower_cost_are_outdated(self, hasher: Argon2PasswordHasher) -> None:
        made = await hasher.hash("Correct-Horse-7")
        async with Argon2PasswordHasher(memory_kib=128, passes=1) as harder:
            assert harder.is_outdated(made)
            assert await harder.verify("Correct-Horse-7", made)


async def test_the_end_stops_the_threads_and_a_new_hash_starts_them() -> None:
    others = set(threading.enumerate())
    hasher = Argon2PasswordHasher(memory_kib=64, passes=1)
    for _ in range(2):
        async with hasher:
            await hasher.hash("Correct-Horse-7")
            own = set(threading.enumerate()) - others
            assert own
        for thread in own:
            thread.join(10)
            assert not thread.is_alive()


async def test_the_default_cost_follows_owasp() -> None:
    async with Argon2PasswordHasher() as hasher:
        made = await hasher.hash("Correct-Horse-7")

    assert made.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The passwords that were really verified."""
    verified: list[bytes] = []
    verify = argon2.PasswordHasher.verify

    def record(hasher: Any, password_hash: str, password: bytes) -> bool:
        verified.append(password)
        return verify(hasher, password_hash, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", record)
    return verified


async def test_the_queue_is_bounded_and_refuses_others_at_once(verified: list[bytes]) -> None:
    async with Argon2PasswordHasher(memory_kib=64, passes=1, threads=1, capacity=3) as hasher:
        for _ in range(2):  # the second time shows that places become free again
            verified.clear()
            checks = (hasher.verify(f"{n}", None) for n in range(10))
            results = Counter(type(result) for result in await asyncio.gather(*checks, return_exceptions=True))

            assert results == {bool: 3, Overloaded: 7}
            assert verified == [b"0", b"1", b"2"]


async def test_the_default_capacity_depends_on_the_threads(verified: list[bytes]) -> None:
    async with Argon2PasswordHasher(memory_kib=8, passes=1, threads=2) as hasher:
        results = await asyncio.gather(*(hasher.verify("x", None) for _ in range(100)), return_exceptions=True)

    assert len(verified) == results.count(False) == 32


@pytest.mark.parametrize("leave", ["disconnect", "cancel"])
async def test_passwords_of_callers_that_left_the_queue_are_not_verified(verified: list[bytes], leave: str) -> None:
    has_left = False

    async def is_gone() -> bool:
        return has_left

    async def verify(hasher: Argon2PasswordHasher, password: str) -> bool:
        watch_caller(is_gone)
        return await hasher.verify(password, None)

    async with Argon2PasswordHasher(memory_kib=64, passes=1, threads=1, capacity=3) as hasher:
        staying = asyncio.create_task(hasher.verify("stays", None))
        leaving = [asyncio.create_task(verify(hasher, "leaves")) for _ in range(2)]
        await asyncio.sleep(0)
        has_left = leave == "disconnect"
        if leave == "cancel":
            for task in leaving:
                task.cancel()
        left = await asyncio.gather(*leaving, return_exceptions=True)
        assert await staying is False
        assert await hasher.verify("comes later", None) is False

    assert {type(error) for error in left} == {CallerGone if leave == "disconnect" else asyncio.CancelledError}
    assert verified == [b"stays", b"comes later"]
