import pytest

from application.identity.security import PasswordHasher


class PasswordHasherContract:
    """What every PasswordHasher must do. An adapter's suite overrides `hasher`."""

    @pytest.fixture
    def hasher(self) -> PasswordHasher:
        raise NotImplementedError

    @pytest.mark.parametrize("password", ["", "Correct-Horse-7", "\x00", "pässwörd \U0001f600", "\ud800", "p" * 10_000])
    async def test_a_password_is_the_one_its_hash_was_made_of(self, hasher: PasswordHasher, password: str) -> None:
        made = await hasher.hash(password)

        assert await hasher.verify(password, made)
        assert not await hasher.verify(password + "x", made)

    async def test_one_password_has_many_hashes_and_stands_in_none(self, hasher: PasswordHasher) -> None:
        one, other = await hasher.hash("Correct-Horse-7"), await hasher.hash("Correct-Horse-7")

        assert one != other
        assert "Correct-Horse-7" not in one + other

    async def test_nobodys_password_is_right(self, hasher: PasswordHasher) -> None:
        for password in ("", "Correct-Horse-7"):
            assert not await hasher.verify(password, None)

    async def test_what_is_no_hash_is_made_of_no_password(self, hasher: PasswordHasher) -> None:
        for damaged in ("no hash", (await hasher.hash("Correct-Horse-7"))[:-4]):
            assert not await hasher.verify("Correct-Horse-7", damaged)

    async def test_a_new_hash_is_not_outdated_and_what_is_none_is(self, hasher: PasswordHasher) -> None:
        assert not hasher.is_outdated(await hasher.hash("Correct-Horse-7"))
        assert hasher.is_outdated("no hash")

    async def test_once_closed_it_may_be_used_again(self, hasher: PasswordHasher) -> None:
        made = await hasher.hash("Correct-Horse-7")
        await hasher.close()
        await hasher.close()

        assert await hasher.verify("Correct-Horse-7", made)
