import threading
from collections.abc import AsyncIterator

import pytest

from adapters.security.argon2 import Argon2PasswordHasher
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
