import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest

from application.identity.ports import Standing
from application.storage import Storage
from domain.errors import RefreshTokenReused, SessionNotFound, StaleSession, UserNotFound
from domain.identity.actor import Actor
from domain.identity.session import Session, SessionId
from domain.identity.user import Role, User, UserId
from tests.contracts.given import StorageSuite, persistently, register
from tests.contracts.identity.user_changes import save as save_user
from tests.contracts.state_machine.assortment import MICROSECOND
from tests.support.builders import ANN, BEN, NOW, a_session, a_user, new_user_id

LATER = NOW + timedelta(hours=1)


async def add(storage: Storage, *sessions: Session) -> None:
    async with storage.unit_of_work() as uow:
        for session in sessions:
            await uow.sessions.add(session)
        await uow.commit()


async def save(storage: Storage, session: Session, replacing: Session) -> None:
    async with storage.unit_of_work() as uow:
        await uow.sessions.save(session, replacing=replacing)
        await uow.commit()


async def remove(storage: Storage, session_id: SessionId, user_id: UserId = ANN) -> None:
    async with storage.unit_of_work() as uow:
        await uow.sessions.remove(session_id, user_id=user_id)
        await uow.commit()


async def remove_all(storage: Storage, user_id: UserId, keep: SessionId | None = None) -> None:
    async with storage.unit_of_work() as uow:
        await uow.sessions.remove_all(user_id, keep=keep)
        await uow.commit()


async def of_user(storage: Storage, user_id: UserId = ANN) -> list[Session]:
    async with storage.unit_of_work() as uow:
        sessions = await uow.sessions.of_user(user_id)
        assert [await uow.sessions.get(session.id, user_id=user_id) for session in sessions] == sessions
    return sessions


async def standing(storage: Storage, session: Session, user_id: UserId | None = None) -> Standing | None:
    async with storage.unit_of_work() as uow:
        return await uow.sessions.standing(session.id, user_id=user_id or session.user_id)


class SessionContract(StorageSuite):
    @pytest.mark.parametrize(
        "session",
        [
            a_session(),
            a_session(user_agent="Zo\u00eb's \U0001f600 %_\\ \x01" * 99, ip_address="2001:db8::ffff:255.255.255.255"),
            a_session(refresh_hash=bytes(range(256)), at=NOW + MICROSECOND, lifetime=timedelta(days=9999)),
            a_session(refresh_hash=b"", user_agent="", ip_address="", lifetime=timedelta(0)),
        ],
        ids=["plain", "unicode", "bytes and times", "empty"],
    )
    async def test_an_added_session_is_given_back(self, storage: Storage, session: Session) -> None:
        await add(storage, session)

        assert await of_user(storage) == [session]

    async def test_sessions_of_a_user_come_newest_first_with_those_that_are_over(self, storage: Storage) -> None:
        sessions = [a_session(lifetime=timedelta(n)) for n in range(5)]
        await add(storage, *sessions[2:], *sessions[:2], a_session(user_id=BEN))

        assert await of_user(storage) == sessions[::-1]
        assert await of_user(storage, new_user_id()) == []

    async def test_a_session_of_an_unknown_user_is_refused(self, storage: Storage) -> None:
        with pytest.raises(UserNotFound):
            await add(storage, a_session(user_id=new_user_id()))

    async def test_a_session_of_someone_else_or_of_nobody_is_not_found(self, storage: Storage) -> None:
        await add(storage, bens := a_session(user_id=BEN))
        for session_id in (bens.id, SessionId(uuid4())):
            with pytest.raises(SessionNotFound):
                await remove(storage, session_id, ANN)
            async with storage.unit_of_work() as uow:
                with pytest.raises(SessionNotFound):
                    await uow.sessions.get(session_id, user_id=ANN)
        with pytest.raises(SessionNotFound):
            await save(storage, replace(bens, user_id=ANN), replace(bens, user_id=ANN))
        await remove_all(storage, ANN)

        assert await of_user(storage, BEN) == [bens]

    async def test_a_refreshed_session_takes_the_place_of_the_one_it_replaces(self, storage: Storage) -> None:
        await add(storage, first := a_session(), other := a_session())
        second = first.refresh(b"first", b"second", at=LATER)
        await save(storage, second, replacing=first)

        assert await of_user(storage) == [other, second]

    async def test_a_session_is_not_saved_in_place_of_what_is_no_longer_stored(self, storage: Storage) -> None:
        await add(storage, first := a_session())
        second = first.refresh(b"first", b"second", at=LATER)
        await save(storage, second, replacing=first)
        for replacing in (first, replace(second, last_used_at=NOW), replace(second, refresh_hash=b"?")):
            with pytest.raises(StaleSession):
                await save(storage, first.refresh(b"first", b"third", at=LATER), replacing=replacing)
        assert await of_user(storage) == [second]

        await remove(storage, first.id)
        with pytest.raises(SessionNotFound):
            await save(storage, second.refresh(b"second", b"third", at=LATER), replacing=second)

    async def test_a_removed_session_is_gone(self, storage: Storage) -> None:
        await add(storage, kept := a_session(), doomed := a_session())
        await remove(storage, doomed.id)
        with pytest.raises(SessionNotFound):
            await remove(storage, doomed.id)

        assert await of_user(storage) == [kept]
        assert await standing(storage, doomed) is None

    async def test_all_sessions_of_a_user_are_removed_but_the_one_to_keep(self, storage: Storage) -> None:
        sessions, bens = [a_session() for _ in range(3)], a_session(user_id=BEN)
        await add(storage, *sessions, bens)
        await remove_all(storage, ANN, keep=sessions[1].id)
        assert await of_user(storage) == [sessions[1]]

        await remove_all(storage, ANN, keep=bens.id)
        assert (await of_user(storage), await of_user(storage, BEN)) == ([], [bens])
        await remove_all(storage, ANN)
        await remove_all(storage, BEN)
        assert await of_user(storage, BEN) == []

    async def test_sessions_that_are_over_are_removed_some_at_a_time(self, storage: Storage) -> None:
        over = [a_session(user_id=user_id, lifetime=timedelta(hours=1)) for user_id in (ANN, BEN, ANN)]
        await add(storage, *over, last := a_session(lifetime=timedelta(hours=1) + MICROSECOND))
        async with storage.unit_of_work() as uow:
            removed = [await uow.sessions.remove_expired(LATER, limit=2) for _ in range(3)]
            await uow.commit()
        assert removed == [2, 1, 0]
        assert [await of_user(storage, user_id) for user_id in (ANN, BEN)] == [[last], []]

    async def test_a_session_stands_for_its_user_as_the_user_is_now(self, storage: Storage) -> None:
        kim = a_user(role=Role.MANAGER, timezone="Asia/Seoul")
        await register(storage, kim)
        await add(storage, session := a_session(user_id=kim.id))
        assert await standing(storage, session) == Standing(
            Actor(kim.id, Role.MANAGER, "Asia/Seoul"), session.expires_at
        )

        async def after(changed: User) -> Standing | None:
            await save_user(storage, changed)
            return await standing(storage, session)

        admin = kim.edit(at=NOW, role=Role.ADMIN, timezone="UTC")
        assert await after(admin) == Standing(Actor(kim.id, Role.ADMIN, "UTC"), session.expires_at)
        inactive = admin.edit(at=NOW, is_active=False)
        assert await after(inactive) is None
        assert await after(inactive.edit(at=NOW, is_active=True)) is not None

    async def test_a_foreign_session_stands_for_nobody(self, storage: Storage) -> None:
        await add(storage, session := a_session())

        assert await standing(storage, session, user_id=BEN) is None
        assert await standing(storage, session, user_id=new_user_id()) is None
        assert await standing(storage, a_session()) is None

    async def test_of_parallel_refreshes_with_one_token_one_wins(self, storage: Storage) -> None:
        await add(storage, first := a_session())

        async def refresh(new: bytes) -> None:
            async with storage.unit_of_work() as uow:
                stored = await uow.sessions.get(first.id, user_id=ANN)
                await uow.sessions.save(stored.refresh(b"first", new, at=LATER), replacing=stored)
                await uow.commit()

        outcomes = await asyncio.gather(
            *(persistently(partial(refresh, b"%d" % n)) for n in range(10)), return_exceptions=True
        )
        assert sorted(map(str, map(type, outcomes))) == sorted(map(str, [type(None), *[RefreshTokenReused] * 9]))
        assert [session.refresh_hash for session in await of_user(storage)] == [b"%d" % outcomes.index(None)]
