import asyncio
from datetime import timedelta

import pytest

from adapters.memory.identity.users import InMemoryUserRepository
from application.operations.expiry import ExpiredDataRemover
from domain.errors import InvalidCredentials, InvalidResetToken, InvalidToken, WeakPassword, WrongPassword
from domain.identity.reset_tokens import ResetToken, ResetTokens
from domain.identity.user import User
from tests.contracts.jobs.jobs import a_job
from tests.support.accounts import OTHER, PASSWORD, logged_in, registered, session_of
from tests.support.builders import AN_ADMIN, acting
from tests.support.stubs import PlainHasher, SettableClock
from tests.support.world import World


async def a_reset_token(world: World, email: str = "kim@example.com") -> str:
    await world.passwords.request_reset(email)
    await world.work()
    return world.mailbox.reset_tokens[-1]


async def test_a_password_change_ends_all_other_sessions_and_invalidates_reset_tokens(world: World) -> None:
    kim = await registered(world)
    other, this = await logged_in(world), await logged_in(world)
    token = await a_reset_token(world)
    await world.passwords.change(acting(kim.id), session_of(this), PASSWORD, OTHER)

    with pytest.raises(InvalidCredentials):
        await logged_in(world, password=PASSWORD)
    assert await world.sessions.authenticate(this.access_token.text)
    with pytest.raises(InvalidToken):
        await world.sessions.authenticate(other.access_token.text)
    with pytest.raises(InvalidResetToken):
        await world.passwords.reset(token, "Correct-3-horse")
    await logged_in(world, password=OTHER)


@pytest.mark.parametrize(
    ("current", "new", "error"),
    [(OTHER, OTHER, WrongPassword), (PASSWORD, "weak", WeakPassword)],
    ids=["wrong", "weak"],
)
async def test_a_refused_password_change_changes_nothing(
    world: World, current: str, new: str, error: type[Exception]
) -> None:
    kim = await registered(world)
    other, this = await logged_in(world), await logged_in(world)
    with pytest.raises(error):
        await world.passwords.change(acting(kim.id), session_of(this), current, new)

    assert await world.users.get(AN_ADMIN, kim.id) == kim
    assert await world.sessions.authenticate(other.access_token.text)


async def test_one_of_many_concurrent_password_changes_succeeds(world: World) -> None:
    kim = await registered(world)
    session_id = session_of(await logged_in(world))
    news = [f"Correct-{n}-staple" for n in range(5)]
    changes = (world.passwords.change(acting(kim.id), session_id, PASSWORD, new) for new in news)
    outcomes = await asyncio.gather(*changes, return_exceptions=True)

    assert sorted(map(repr, outcomes))[0] == "None"
    assert [type(outcome) for outcome in outcomes].count(WrongPassword) == 4
    await logged_in(world, password=news[outcomes.index(None)])


async def test_a_reset_token_sets_the_password_once_and_ends_all_sessions(world: World) -> None:
    await registered(world)
    login = await logged_in(world)
    token = await a_reset_token(world)
    await world.passwords.reset(token, OTHER)
    with pytest.raises(InvalidToken):
        await world.sessions.authenticate(login.access_token.text)
    with pytest.raises(InvalidResetToken):
        await world.passwords.reset(token, PASSWORD)

    await logged_in(world, password=OTHER)


async def test_one_of_many_concurrent_uses_of_a_reset_token_succeeds(world: World) -> None:
    await registered(world)
    token = await a_reset_token(world)
    news = [f"Correct-{n}-staple" for n in range(10)]
    outcomes = await asyncio.gather(*(world.passwords.reset(token, new) for new in news), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes].count(InvalidResetToken) == 9
    await logged_in(world, password=news[outcomes.index(None)])


async def test_a_weak_password_does_not_use_up_the_reset_token(world: World) -> None:
    await registered(world)
    token = await a_reset_token(world)
    with pytest.raises(WeakPassword):
        await world.passwords.reset(token, "weak")
    await world.passwords.reset(token, OTHER)

    await logged_in(world, password=OTHER)


async def test_a_reset_token_expires(world: World, clock: SettableClock) -> None:
    await registered(world)
    token = await a_reset_token(world)
    clock.time += ResetToken.LIFETIME
    with pytest.raises(InvalidResetToken):
        await world.passwords.reset(token, OTHER)

    token = await a_reset_token(world)
    clock.time += ResetToken.LIFETIME - timedelta(microseconds=1)
    await world.passwords.reset(token, OTHER)


async def test_a_reset_token_is_valid_only_for_its_user(world: World) -> None:
    await registered(world)
    await registered(world, "lee")
    second = await a_reset_token(world)
    lee_token = await a_reset_token(world, "lee@example.com")
    for invalid in (
        second[:-2] + "AA",
        lee_token[:22] + second[22:],
        second[:22] + lee_token[22:],
        "",
        "A" * 64,
    ):
        with pytest.raises(InvalidResetToken):
            await world.passwords.reset(invalid, OTHER)

    await world.passwords.reset(second, OTHER)
    await world.passwords.reset(lee_token, OTHER)


async def test_a_reset_token_stays_valid_when_others_are_requested_until_one_is_used(world: World) -> None:
    await registered(world)
    for used in range(3):
        tokens = [await a_reset_token(world) for _ in range(3)]
        await world.passwords.reset(tokens[used], OTHER)
        for token in tokens:
            with pytest.raises(InvalidResetToken):
                await world.passwords.reset(token, PASSWORD)


async def test_a_user_gets_at_most_five_reset_mails_an_hour(world: World, clock: SettableClock) -> None:
    kim = await registered(world)
    await registered(world, "lee")
    for minute in range(60):
        await world.passwords.request_reset("kim@example.com" if minute % 2 else "KIM@example.com")
        await world.work()
        clock.time += timedelta(minutes=1)
        if minute == 33:
            await ExpiredDataRemover(world.storage.unit_of_work, clock, timedelta(days=365)).remove(a_job())

    tokens = world.mailbox.reset_tokens
    assert len(tokens) == ResetTokens.MAX_MAILS
    assert world.audit.events.count(("password_reset_limited", {"user_id": kim.id})) == 60 - ResetTokens.MAX_MAILS
    await a_reset_token(world, "lee@example.com")
    await world.passwords.reset(await a_reset_token(world), OTHER)
    assert len(world.mailbox.reset_tokens) == ResetTokens.MAX_MAILS + 2


async def test_changes_of_the_own_account_do_not_allow_more_reset_mails(world: World) -> None:
    kim = await registered(world)
    login = await logged_in(world)
    for _ in range(ResetTokens.MAX_MAILS - 1):
        token = await a_reset_token(world)
        await world.passwords.change(acting(kim.id), session_of(login), PASSWORD, PASSWORD)
        for email in ("other@example.com", kim.email):
            await world.users.edit(acting(kim.id), kim.id, current_password=PASSWORD, email=email)
        with pytest.raises(InvalidResetToken):
            await world.passwords.reset(token, OTHER)
    token = await a_reset_token(world)
    await world.passwords.request_reset(kim.email)
    await world.work()
    assert len(world.mailbox.reset_tokens) == ResetTokens.MAX_MAILS
    await world.passwords.reset(token, OTHER)


async def test_mails_that_could_not_be_sent_do_not_count(world: World, clock: SettableClock) -> None:
    await registered(world)
    await world.work()
    world.mailbox.is_down = True
    await world.passwords.request_reset("kim@example.com")
    for _ in range(ResetTokens.MAX_MAILS + 1):
        await world.work()
        clock.time += timedelta(minutes=4)
    world.mailbox.is_down = False
    await world.work()
    for _ in range(ResetTokens.MAX_MAILS - 1):
        await a_reset_token(world)
    assert len(world.mailbox.reset_tokens) == ResetTokens.MAX_MAILS


async def test_the_reset_token_of_a_removed_user_is_invalid(world: World) -> None:
    kim = await registered(world)
    token = await a_reset_token(world)
    await world.accounts.erase(acting(kim.id), PASSWORD)
    with pytest.raises(InvalidResetToken):
        await world.passwords.reset(token, OTHER)


async def test_no_reset_token_works_for_an_inactive_user(world: World) -> None:
    kim = await registered(world)
    token = await a_reset_token(world)
    async with world.storage.unit_of_work() as uow:
        tokens = await uow.reset_tokens.find(kim.id)
    inactive = await world.users.edit(AN_ADMIN, kim.id, is_active=False)
    with pytest.raises(InvalidResetToken):
        await world.passwords.reset(token, OTHER)
    async with world.storage.unit_of_work() as uow:
        assert await uow.reset_tokens.find(kim.id) == ResetTokens(kim.id)
        await uow.reset_tokens.put(tokens)
        await uow.commit()
    with pytest.raises(InvalidResetToken):
        await world.passwords.reset(token, OTHER)
    assert await world.users.get(AN_ADMIN, kim.id) == inactive

    await world.users.edit(AN_ADMIN, kim.id, is_active=True)
    with pytest.raises(InvalidResetToken):
        await world.passwords.reset(token, OTHER)
    await logged_in(world)


async def test_a_user_who_is_deactivated_during_a_reset_keeps_the_password(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kim = await registered(world)
    token = await a_reset_token(world)
    hash_password = PlainHasher.hash

    async def deactivate_then_hash(hasher: PlainHasher, password: str) -> str:
        await world.users.edit(AN_ADMIN, kim.id, is_active=False)
        return await hash_password(hasher, password)

    monkeypatch.setattr(PlainHasher, "hash", deactivate_then_hash)
    with pytest.raises(InvalidResetToken):
        await world.passwords.reset(token, OTHER)
    assert (await world.users.get(AN_ADMIN, kim.id)).password_hash == kim.password_hash


async def test_the_account_of_a_reset_request_is_looked_up_only_by_the_job(world: World) -> None:
    await registered(world)
    await registered(world, "off", is_active=False)
    await world.work()
    mails = len(world.mailbox.mails)
    for email in ("unknown@example.com", "off@example.com", "Kim@Example.com"):
        await world.passwords.request_reset(email)

    assert len(world.mailbox.mails) == mails
    assert world.audit.names[-3:] == ["password_reset_requested"] * 3
    recorded = len(world.audit.names)
    await world.work()
    (mail,) = world.mailbox.mails[mails:]
    assert mail.to == "kim@example.com"
    assert f"https://tasks.example.com/reset-password?token={world.mailbox.reset_tokens[-1]}\n" in mail.text
    assert sorted(world.audit.names[recorded:]) == ["password_reset_mailed"] + ["password_reset_unknown_address"] * 2


async def test_a_mail_that_could_not_be_sent_is_retried_with_a_new_token(world: World, clock: SettableClock) -> None:
    await registered(world)
    await world.work()
    world.mailbox.is_down = True
    await world.passwords.request_reset("kim@example.com")
    await world.work()
    world.mailbox.is_down = False
    clock.time += timedelta(minutes=1)
    await world.work()

    (token,) = world.mailbox.reset_tokens
    await world.passwords.reset(token, OTHER)
    await logged_in(world, password=OTHER)


async def test_a_reset_mail_is_not_sent_after_the_lifetime_of_its_link(world: World, clock: SettableClock) -> None:
    await registered(world)
    await world.work()
    world.mailbox.is_down = True
    await world.passwords.request_reset("kim@example.com")
    await world.work()
    world.mailbox.is_down = False
    clock.time += ResetToken.LIFETIME
    await world.work()

    assert world.mailbox.reset_tokens == []
    assert world.audit.names[-1] == "password_reset_outdated"
    assert await world.worker.work() == 0


async def test_mails_do_not_contain_the_full_name(world: World) -> None:
    """A stranger may register another person's address, and the full name can be any text."""
    kim = await registered(world)
    await world.users.edit(AN_ADMIN, kim.id, full_name="you won: https://evil.example")
    await world.passwords.request_reset(kim.email)
    await world.work()

    assert len(world.mailbox.mails) == 2
    for mail in world.mailbox.mails:
        assert mail.text.startswith("Hello kim,\n\n")
        assert "evil" not in mail.text + mail.subject


@pytest.mark.parametrize("event", ["address changed", "account erased"])
async def test_no_reset_mail_is_sent_if_the_address_loses_its_account_during_the_job(
    world: World, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    kim = await registered(world)
    await world.work()
    find = InMemoryUserRepository.find_by_login

    async def find_then_change(users: InMemoryUserRepository, login: str) -> User | None:
        monkeypatch.undo()
        found = await find(users, login)
        if event == "address changed":
            await world.users.edit(AN_ADMIN, kim.id, email="new@example.com")
        else:
            await world.users.delete(AN_ADMIN, kim.id)
        return found

    await world.passwords.request_reset(kim.email)
    monkeypatch.setattr(InMemoryUserRepository, "find_by_login", find_then_change)
    await world.work()
    assert world.mailbox.reset_tokens == []
    assert world.audit.names[-1] == "password_reset_unknown_address"
