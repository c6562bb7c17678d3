from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.servers.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgres"])
async def url(request: pytest.FixtureRequest, postgres: Postgres, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database that was never migrated."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'new.db'}"
        return
    name = f"test_{uuid4().hex}"
    await postgres.create_database(name)
    try:
        yield postgres.url(name)
    finally:
        await postgres.drop_database(name)
