"""Reset tokens of the previous version, which stores one for each user, and of this version in the same table."""

from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from adapters.sql.engine.types import Instant
from adapters.sql.schema.migrator import SqlSchema
from domain.identity.reset_tokens import ResetToken, ResetTokens
from tests.contracts.given import register
from tests.migrations.databases import opened
from tests.support.builders import ANN, NOW, a_user, reset_tokens

TABLE: Final = sa.Table(
    "reset_tokens",
    sa.MetaData(),
    sa.Column("user_id", sa.Uuid, primary_key=True),
    sa.Column("token_hash", sa.LargeBinary),
    sa.Column("expires_at", Instant),
)
"""The table at revision 0007."""

OLD: Final[dict[str, Any]] = {"user_id": ANN, "token_hash": b"old\x00\xff", "expires_at": NOW + timedelta(hours=1)}


async def execute(url: str, statement: sa.Executable) -> list[dict[str, Any]]:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        result = await connection.execute(statement)
        rows = [row._asdict() for row in result] if result.returns_rows else []
    await engine.dispose()
    return rows


async def found(url: str) -> ResetTokens:
    async with opened(url) as storage, storage.unit_of_work() as uow:
        return await uow.reset_tokens.find(ANN)


async def put(url: str, tokens: ResetTokens) -> None:
    async with opened(url) as storage, storage.unit_of_work() as uow:
        await uow.reset_tokens.put(tokens)
        await uow.commit()


def is_valid(tokens: ResetTokens, row: dict[str, Any]) -> bool:
    """Return whether the token in a row of the previous version is valid exactly until it expires."""
    last = row["expires_at"] - timedelta(microseconds=1)
    return tokens.is_valid(row["token_hash"], last) and not tokens.is_valid(row["token_hash"], row["expires_at"])


async def test_a_token_of_before_the_upgrade_is_valid_and_the_latest_one_survives_the_downgrade(url: str) -> None:
    schema = SqlSchema(url)
    await schema.upgrade()
    async with opened(url) as storage:
        await register(storage, a_user(id=ANN))
    await schema.downgrade("0007")
    await execute(url, sa.insert(TABLE).values(OLD))
    await schema.upgrade()
    await schema.check()
    tokens = await found(url)
    assert is_valid(tokens, OLD)

    (new,) = reset_tokens(ANN, NOW + timedelta(minutes=40)).tokens
    both = tokens.add(new)
    assert both is not None
    await put(url, both)
    assert await found(url) == both
    await schema.downgrade("0007")
    (row,) = await execute(url, sa.select(TABLE))
    assert row == {"user_id": ANN, "token_hash": new.hash, "expires_at": new.expires_at}


async def test_the_previous_version_adds_and_removes_tokens_after_the_upgrade(url: str) -> None:
    await SqlSchema(url).upgrade()
    async with opened(url) as storage:
        await register(storage, a_user(id=ANN))
    await put(url, tokens := reset_tokens(ANN, NOW))
    await execute(url, sa.update(TABLE).values(OLD))

    both = await found(url)
    assert is_valid(both, OLD)
    assert both.tokens[0] == tokens.tokens[0]
    assert len(both.tokens) == 2
    assert both.tokens[1] == ResetToken(
        mail_id=None, hash=OLD["token_hash"], created_at=OLD["expires_at"] - ResetToken.LIFETIME
    )
    await execute(url, sa.delete(TABLE))
    assert await found(url) == ResetTokens(ANN)
