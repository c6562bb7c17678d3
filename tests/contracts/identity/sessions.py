import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest

from application.identity.ports import SessionState
from application.storage import Storage
from domain.errors import RefreshTokenReused, SessionNotFound, StaleSession, UserNotFound
from domain.identity.actor import Actor
from domain.identity.session import Session, SessionId
from domain.identity.user import Role, User, UserId
from tests.contracts.given import StorageSuite, register, retry
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


async def find_by_user(storage: Storage, user_id: UserId = ANN) -> list[Session]:
    async with storage.unit_of_work() as uow:
        sessions = await uow.sessions.find_by_user(user_id)
        assert [await uow.sessions.get(session.id, user_id=user_id) for session in sessions] == sessions
    return sessions


async def state(storage: Storage, session: Session, user_id: UserId | None = None) -> SessionState | None:
    async with storage.unit_of_work() as uow:
        return await uow.sessions.state(session.id, user_id=user_id or session.user_id)


class SessionContract(StorageSuite):
    @pytest.mark.parametrize(
        "session",
        [
            a_session(),
            a_session(user_agent="Zo\u00eb's \U0001f600 %_\\ \x01" * 99, ip_address="2001:db8::ffff:255.255.255.255"),
            a_session(refresh_hash=bytes(range(256)), at=NOW + MICROSECOND, lifetime=timedelta(days=9999)),
            a_session(refresh_hash=b"", family_hash=b"", user_agent="", ip_address="", lifetime=timedelta(0)),
        ],
        ids=["plain", "unicode", "bytes and times", "empty"],
    )
    async def test_an_added_session_is_returned(self, storage: Storage, session: Session) -> None:
        await add(storage, session)

        assert await find_by_user(storage) == [session]

    async def test_sessions_of_a_user_are_sorted_newest_first_including_expired_ones(self, storage: Storage) -> None:
        sessions = [a_session(lifetime=timedelta(n)) for n in range(5)]
        await add(storage, *sessions[2:], *sessions[:2], a_session(user_id=BEN))

        assert await find_by_user(storage) == sessions[::-1]
        assert await find_by_user(storage, new_user_id()) == []

    async def test_a_session_of_an_unknown_user_is_refused(self, storage: Storage) -> None:
        with pytest.raises(UserNotFound):
            await add(storage, a_session(user_id=new_user_id()))

    async def test_a_session_of_another_or_unknown_user_is_not_found(self, storage: Storage) -> None:
        await add(storage, ben_session := a_session(user_id=BEN))
        for session_id in (ben_session.id, SessionId(uuid4())):
            with pytest.raises(SessionNotFound) as refusal:
                await remove(storage, session_id, ANN)
            assert refusal.value.ids == (session_id,)
            async with storage.unit_of_work() as uow:
                with pytest.raises(SessionNotFound) as refusal:
                    await uow.sessions.get(session_id, user_id=ANN)
            assert refusal.value.ids == (session_id,)
        with pytest.raises(SessionNotFound):
            await save(storage, replace(ben_session, user_id=ANN), replace(ben_session, user_id=ANN))
        await remove_all(storage, ANN)

        assert await find_by_user(storage, BEN) == [ben_session]

    async def test_a_refreshed_session_replaces_the_stored_one(self, storage: Storage) -> None:
        await add(storage, first := a_session(), other := a_session())
        second = first.refresh(b"first", b"second", family=b"new family", at=LATER)
        await save(storage, second, replacing=first)

        assert await find_by_user(storage) == [other, second]

    async def test_a_stale_session_is_not_saved(self, storage: Storage) -> None:
        await add(storage, first := a_session())
        second = first.refresh(b"first", b"second", family=b"family", at=LATER)
        await save(storage, second, replacing=first)
        others = [replace(second, refresh_hash=b"?"), replace(second, family_hash=b"?")]
        for replacing in (first, replace(second, last_used_at=NOW), *others):
            with pytest.raises(StaleSession):
                await save(storage, first.refresh(b"first", b"third", family=b"family", at=LATER), replacing=replacing)
        assert await find_by_user(storage) == [second]

        await remove(storage, first.id)
        with pytest.raises(SessionNotFound):
            await save(storage, second.refresh(b"second", b"third", family=b"family", at=LATER), replacing=second)

    async def test_a_removed_session_is_not_found(self, storage: Storage) -> None:
        await add(storage, kept := a_session(), removed := a_session())
        await remove(storage, removed.id)
        with pytest.raises(SessionNotFound):
            await remove(storage, removed.id)

        assert await find_by_user(storage) == [kept]
        assert await state(storage, removed) is None

    async def test_all_sessions_except_the_kept_one_are_removed(self, storage: Storage) -> None:
        sessions, ben_session = [a_session() for _ in range(3)], a_session(user_id=BEN)
        await add(storage, *sessions, ben_session)
        await remove_all(storage, ANN, keep=sessions[1].id)
        assert await find_by_user(storage) == [sessions[1]]

        await remove_all(storage, ANN, keep=ben_session.id)
        assert (await find_by_user(storage), await find_by_user(storage, BEN)) == ([], [ben_session])
        await remove_all(storage, ANN)
        await remove_all(storage, BEN)
        assert await find_by_user(storage, BEN) == []

    async def test_the_oldest_sessions_are_removed(self, storage: Storage) -> None:
        sessions, ben_session = [a_session() for _ in range(4)], a_session(user_id=BEN)
        await add(storage, *sessions[2:], *sessions[:2], ben_session)
        async with storage.unit_of_work() as uow:
            removed = [await uow.sessions.remove_oldest(ANN, keep=keep) for keep in (4, 2, 2)]
            removed.append(await uow.sessions.remove_oldest(new_user_id(), keep=1))
            await uow.commit()

        assert removed == [0, 2, 0, 0]
        assert await find_by_user(storage) == [sessions[3], sessions[2]]
        assert await find_by_user(storage, BEN) == [ben_session]

    async def test_concurrent_logins_leave_the_newest_sessions(self, storage: Storage) -> None:
        async def log_in(session: Session) -> None:
            async with storage.unit_of_work() as uow:
                await uow.users.lock(ANN)
                await uow.sessions.add(session)
                await uow.sessions.remove_oldest(ANN, keep=3)
                await uow.commit()

        sessions = [a_session() for _ in range(8)]
        await asyncio.gather(*(retry(partial(log_in, session)) for session in sessions))
        assert await find_by_user(storage) == sessions[:-4:-1]

    async def test_expired_sessions_are_removed_in_batches(self, storage: Storage) -> None:
        expired = [a_session(user_id=user_id, lifetime=timedelta(hours=1)) for user_id in (ANN, BEN, ANN)]
        await add(storage, *expired, last := a_session(lifetime=timedelta(hours=1) + MICROSECOND))
        async with storage.unit_of_work() as uow:
            removed = [await uow.sessions.remove_expired(LATER, limit=2) for _ in range(3)]
            await uow.commit()
        assert removed == [2, 1, 0]
        assert [await find_by_user(storage, user_id) for user_id in (ANN, BEN)] == [[last], []]

    async def test_the_session_state_contains_the_current_user(self, storage: Storage) -> None:
        kim = a_user(role=Role.MANAGER, timezone="Asia/Seoul")
        await register(storage, kim)
        await add(storage, session := a_session(user_id=kim.id))
        assert await state(storage, session) == SessionState(
            Actor(kim.id, Role.MANAGER, "Asia/Seoul"), session.expires_at
        )

        async def after(changed: User) -> SessionState | None:
            await save_user(storage, changed)
            return await state(storage, session)

        admin = kim.edit(at=NOW, role=Role.ADMIN, timezone="UTC")
        assert await after(admin) == SessionState(Actor(kim.id, Role.ADMIN, "UTC"), session.expires_at)
        inactive = admin.edit(at=NOW, is_active=False)
        assert await after(inactive) is None
        assert await after(inactive.edit(at=NOW, is_active=True)) is not None

    async def test_a_session_of_another_user_has_no_state(self, storage: Storage) -> None:
        await add(storage, session := a_session())

        assert await state(storage, session, user_id=BEN) is None
        assert await state(storage, session, user_id=new_user_id()) is None
        assert await state(storage, a_session()) is None

    async def test_one_of_many_concurrent_refreshes_succeeds(self, storage: Storage) -> None:
        await add(storage, first := a_session())

        async def refresh(new: bytes) -> None:
            async with storage.unit_of_work() as uow:
                stored = await uow.sessions.get(first.id, user_id=ANN)
                await uow.sessions.save(stored.refresh(b"first", new, family=b"family", at=LATER), replacing=stored)
                await uow.commit()

        outcomes = await asyncio.gather(
            *(retry(partial(refresh, b"%d" % n)) for n in range(10)), return_exceptions=True
        )
        assert sorted(map(str, map(type, outcomes))) == sorted(map(str, [type(None), *[RefreshTokenReused] * 9]))
        assert [session.refresh_hash for session in await find_by_user(storage)] == [b"%d" % outcomes.index(None)]
