from dataclasses import replace
from datetime import timedelta

import pytest

from application.storage import Storage
from domain.errors import EmailTaken, UsernameTaken, UserNotFound
from domain.identity.user import Role, User, UserId
from tests.contracts.given import StorageSuite, register
from tests.support.builders import NOW, a_user, new_user_id


async def find_by_login(storage: Storage, login: str) -> User | None:
    async with storage.unit_of_work() as uow:
        return await uow.users.find_by_login(login)


async def get(storage: Storage, user_id: UserId) -> User:
    async with storage.unit_of_work() as uow:
        return await uow.users.get(user_id)


class UserContract(StorageSuite):
    @pytest.mark.parametrize(
        "user",
        [
            a_user(),
            a_user(full_name="Zoë Ångström-\U0001d504\U0001f600'\"%_\\", timezone="America/Argentina/Ushuaia"),
            a_user(role=Role.ADMIN, is_active=False, version=2**31 - 1, created_at=NOW + timedelta(microseconds=1)),
            a_user(
                username="u" * 50,
                email=f"{'e' * 64}@{'.'.join(['d' * 61] * 3)}.com",
                full_name="\U0010fffd" * 100,
                password_hash="h" * 500,
            ),
        ],
        ids=["plain", "unicode", "other-values", "longest"],
    )
    async def test_an_added_user_is_returned(self, storage: Storage, user: User) -> None:
        await register(storage, user)

        assert await get(storage, user.id) == user
        assert await find_by_login(storage, user.username) == user
        assert await find_by_login(storage, user.email) == user

    async def test_an_unknown_user_is_not_found(self, storage: Storage) -> None:
        with pytest.raises(UserNotFound):
            await get(storage, new_user_id())

    async def test_a_user_is_found_by_username_or_email_in_any_case(self, storage: Storage) -> None:
        kim = a_user(username="Kim-Sue_1", email="Kim.Sue+1@Example.com")
        await register(storage, kim, a_user(username="Kim-Sue-1", email="kim.sue1@example.com"))

        for login in ("Kim-Sue_1", "kim-sue_1", "KIM-SUE_1", "kim.sue+1@example.com", "KIM.SUE+1@EXAMPLE.COM"):
            assert await find_by_login(storage, login) == kim
        assert await find_by_login(storage, "\u212aim-\u017fue_1") == kim  # casefolded: Kelvin sign, long s

    async def test_an_unknown_login_finds_no_user(self, storage: Storage, subtests: pytest.Subtests) -> None:
        await register(storage, a_user(username="kim", email="kim@example.com"))
        near = ["", " ", "%", "kim%", "___", "kim ", "kim@example.co", "@example.com"]
        for login in (*near, "' or 1=1 --", "\\", "k" * 100_000, "\u0130", "\U0001f600"):
            with subtests.test(ascii(login[:16])):
                assert await find_by_login(storage, login) is None

    @pytest.mark.parametrize("spelling", ["carol", "Carol", "CAROL", "cArOl"])
    async def test_a_username_is_taken_in_any_case(self, storage: Storage, spelling: str) -> None:
        carol = a_user(username="Carol")
        await register(storage, carol)
        with pytest.raises(UsernameTaken):
            await register(storage, a_user(username=spelling))

        assert await find_by_login(storage, spelling) == carol

    @pytest.mark.parametrize("spelling", ["carol@example.com", "Carol@Example.com", "CAROL@EXAMPLE.COM"])
    async def test_an_email_address_is_taken_in_any_case(self, storage: Storage, spelling: str) -> None:
        carol = a_user(email="Carol@example.com")
        await register(storage, carol)
        late = a_user(email=spelling)
        with pytest.raises(EmailTaken):
            await register(storage, late)

        assert await find_by_login(storage, spelling) == carol
        assert await find_by_login(storage, late.username) is None

    async def test_username_taken_is_raised_when_both_names_are_taken(self, storage: Storage) -> None:
        carol, dora = a_user(username="carol", email="c@example.com"), a_user(username="dora", email="d@example.com")
        await register(storage, carol, dora)
        for late in (
            a_user(username="CAROL", email="C@example.com"),
            a_user(username="Carol", email="D@example.com"),
            a_user(username="Dora", email="c@example.com"),
        ):
            with pytest.raises(UsernameTaken):
                await register(storage, late)

    async def test_names_claimed_in_the_same_unit_of_work_are_taken(self, storage: Storage) -> None:
        carol = a_user(username="carol")
        with pytest.raises(UsernameTaken):
            await register(storage, carol, a_user(username="CAROL"))
        with pytest.raises(EmailTaken):
            await register(storage, carol, a_user(email=carol.email.upper()))

        assert await find_by_login(storage, "carol") is None

    async def test_names_of_a_rolled_back_registration_are_free(self, storage: Storage) -> None:
        carol = a_user(username="carol")
        async with storage.unit_of_work() as uow:
            await uow.users.add(carol)
        successor = replace(carol, id=new_user_id())
        await register(storage, successor)

        assert await find_by_login(storage, "carol") == successor
