from collections.abc import Iterator

import pytest

from adapters.security.argon2 import Argon2PasswordHasher
from tests.contracts.hasher import PasswordHasherContract


class TestArgon2(PasswordHasherContract):
    @pytest.fixture
    def hasher(self) -> Iterator[Argon2PasswordHasher]:
        hasher = Argon2PasswordHasher(memory_kib=64, passes=1)
        yield hasher
        hasher.close()

    async def test_more_effort_outdates_less(self, hasher: Argon2PasswordHasher) -> None:
        made = await hasher.hash("Correct-Horse-7")
        harder = Argon2PasswordHasher(memory_kib=128, passes=1)

        assert harder.is_outdated(made)
        assert await harder.verify("Correct-Horse-7", made)
        harder.close()


async def test_the_effort_is_what_owasp_asks_for() -> None:
    hasher = Argon2PasswordHasher()
    made = await hasher.hash("Correct-Horse-7")
    hasher.close()

    assert made.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
