"""Sessions from before revision 0009 continue, and survive the downgrade."""

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import pytest
import sqlalchemy as sa

from adapters.sql.engine.types import Instant
from adapters.sql.schema.migrator import SqlSchema
from application.identity.opaque_tokens import OpaqueToken
from application.storage import Storage
from domain.errors import InvalidToken, RefreshTokenReused
from domain.identity.session import Session, SessionId
from tests.contracts.given import register
from tests.migrations.databases import opened
from tests.migrations.revisions.test_idempotency_payloads import execute
from tests.support.builders import ANN, a_session, a_user
from tests.support.stubs import SettableClock
from tests.support.world import World

TOKEN: Final = OpaqueToken((ANN, UUID(int=1)), b"a secret of the version before!!")
MADE_UP: Final = replace(TOKEN, secret=bytes(32))

SESSIONS: Final = sa.Table(
    "sessions",
    sa.MetaData(),
    sa.Column("user_id", sa.Uuid),
    sa.Column("id", sa.Uuid),
    sa.Column("refresh_hash", sa.LargeBinary),
    *(sa.Column(name, Instant) for name in ("created_at", "last_used_at", "expires_at")),
    *(sa.Column(name, sa.String) for name in ("user_agent", "ip_address")),
)
"""The table at the revision before."""


async def stored(storage: Storage) -> Session:
    async with storage.unit_of_work() as uow:
        return await uow.sessions.get(SessionId(TOKEN.ids[1]), user_id=ANN)


async def test_a_session_from_before_the_upgrade_continues(url: str) -> None:
    schema = SqlSchema(url)
    session = a_session(id=SessionId(TOKEN.ids[1]), refresh_hash=TOKEN.hash)
    old: dict[str, Any] = {column.name: getattr(session, column.name) for column in SESSIONS.c}
    await schema.upgrade()
    async with opened(url) as storage:
        await register(storage, a_user(id=ANN))
    await schema.downgrade("0008")
    await execute(url, sa.insert(SESSIONS).values(old))
    await schema.upgrade()

    async with opened(url) as storage:
        world = World(storage, SettableClock())
        with pytest.raises(InvalidToken):
            await world.sessions.refresh(MADE_UP.text)
        assert await stored(storage) == replace(session, family_hash=None)
        new = await world.sessions.refresh(TOKEN.text)
        assert (await stored(storage)).family_hash == TOKEN.family_hash
        await schema.downgrade("0008")
        (row,) = await execute(url, sa.select(SESSIONS))
        assert row._asdict() == old | {"refresh_hash": new.refresh_token.hash}
        await schema.upgrade()
        assert await world.sessions.refresh(new.refresh_token.text)


async def test_a_token_that_the_first_refresh_after_the_upgrade_replaced_ends_the_session(url: str) -> None:
    await SqlSchema(url).upgrade()
    async with opened(url) as storage:
        await register(storage, a_user(id=ANN))
        session = a_session(id=SessionId(TOKEN.ids[1]), refresh_hash=TOKEN.hash)
        async with storage.unit_of_work() as uow:
            await uow.sessions.add(replace(session, family_hash=None))
            await uow.commit()
        world = World(storage, SettableClock())
        new = await world.sessions.refresh(TOKEN.text)
        with pytest.raises(RefreshTokenReused):
            await world.sessions.refresh(TOKEN.text)
        with pytest.raises(InvalidToken):
            await world.sessions.refresh(new.refresh_token.text)
