import pytest

from application.identity.security import PasswordHasher


class PasswordHasherContract:
    """What every password hasher must do. The test suite of an adapter overrides `hasher`."""

    @pytest.fixture
    def hasher(self) -> PasswordHasher:
        raise NotImplementedError

    @pytest.mark.parametrize("password", ["", "Correct-Horse-7", "\x00", "pässwörd \U0001f600", "\ud800", "p" * 10_000])
    async def test_only_the_hashed_password_is_verified(self, hasher: PasswordHasher, password: str) -> None:
        made = await hasher.hash(password)

        assert await hasher.verify(password, made)
        assert not await hasher.verify(password + "x", made)

    async def test_hashes_are_salted_and_do_not_contain_the_password(self, hasher: PasswordHasher) -> None:
        one, other = await hasher.hash("Correct-Horse-7"), await hasher.hash("Correct-Horse-7")

        assert one != other
        assert "Correct-Horse-7" not in one + other

    async def test_no_password_is_verified_without_a_hash(self, hasher: PasswordHasher) -> None:
        for password in ("", "Correct-Horse-7"):
            assert not await hasher.verify(password, None)

    async def test_no_password_is_verified_with_a_malformed_hash(self, hasher: PasswordHasher) -> None:
        for damaged in ("no hash", (await hasher.hash("Correct-Horse-7"))[:-4]):
            assert not await hasher.verify("Correct-Horse-7", damaged)

    async def test_new_hashes_are_current_and_malformed_ones_outdated(self, hasher: PasswordHasher) -> None:
        assert not hasher.is_outdated(await hasher.hash("Correct-Horse-7"))
        assert hasher.is_outdated("no hash")
