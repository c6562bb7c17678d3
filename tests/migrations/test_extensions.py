from collections.abc import AsyncIterator
from typing import Final
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from adapters.sql.schema.migrator import SqlSchema
from domain.filters import ContainsWords
from domain.identity.user_query import UserFilter
from domain.tasks.conditions import HasTags
from domain.tasks.task_query import TaskCriteria
from tests.contracts.given import add, find, register
from tests.contracts.identity.user_queries import find as find_users
from tests.migrations.databases import execute, inspected, opened
from tests.servers.postgres import Postgres
from tests.support.builders import ANN, BEN, a_task, a_user, tags

BY_TAG: Final = "ix_tasks_tags"
BY_WORD: Final = "ix_tasks_search"
USERS_BY_WORD: Final = "ix_users_search"

PASSWORD: Final = "of a role for one test"

TASKS: Final = [
    a_task(title="Straße kehren", tags=tags("home", "weekly")),
    a_task(title="100% of snake_case", description="and a back\\slash", tags=tags("work")),
    a_task(title="Buy milk", description="STRASSE 5", tags=tags("home", "milk")),
    a_task(owner_id=BEN, title="Straße", tags=tags("home", "work", "milk")),
]

CRITERIA: Final = [
    TaskCriteria((ContainsWords(("strasse",)),)),
    TaskCriteria((ContainsWords(("as", "5")),)),
    TaskCriteria((ContainsWords(("%",)),)),
    TaskCriteria((ContainsWords(("_", "\\")),)),
    TaskCriteria((HasTags(frozenset(tags("home"))), ContainsWords(("milk",)))),
    TaskCriteria((HasTags(frozenset(tags("home"))),)),
    TaskCriteria((HasTags(frozenset(tags("home", "weekly"))),)),
    TaskCriteria((HasTags(frozenset(tags("nowhere"))),)),
]


@pytest.fixture
async def unprivileged_url(postgres: Postgres) -> AsyncIterator[str]:
    """The URL of a new database, for a role that may create tables but no extensions."""
    name = f"test_{uuid4().hex}"
    await postgres.create_database(name)
    try:
        await execute(
            postgres.url(name),
            f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'",
            f"GRANT USAGE, CREATE ON SCHEMA public TO {name}",
        )
        url = make_url(postgres.url(name)).set(username=name, password=PASSWORD)
        yield url.render_as_string(hide_password=False)
    finally:
        await postgres.drop_database(name)
        await execute(postgres.url("postgres"), f"DROP ROLE {name}")


async def optional_indexes(url: str) -> set[str]:
    indexes = await inspected(url, lambda inspector: [*inspector.get_indexes("tasks"), *inspector.get_indexes("users")])
    return {BY_TAG, BY_WORD, USERS_BY_WORD} & {index["name"] or "" for index in indexes}


async def assert_same_results(url: str) -> None:
    async with opened(url) as storage:
        users = [a_user(id=ANN, full_name="Ann Gro\u00df"), a_user(id=BEN, full_name="100% _Ben_")]
        await register(storage, *users)
        await add(storage, *TASKS[:3])
        await add(storage, *TASKS[3:])
        for criteria in CRITERIA:
            for owner_id in (ANN, BEN):
                expected = [task for task in TASKS if task.owner_id == owner_id and criteria.match(task)]
                assert await find(storage, criteria, owner_id=owner_id) == expected, criteria
        for search in ("GROSS", "user ann", "0%", "_b", "unknown"):
            filter = UserFilter(search=search)
            assert (await find_users(storage, filter)).items == [user for user in users if filter.match(user)], search


@pytest.mark.parametrize(
    ("installed", "indexes"),
    [
        ([], {BY_TAG}),
        (["btree_gin"], {BY_TAG}),
        (["pg_trgm"], {BY_TAG, BY_WORD, USERS_BY_WORD}),
        (["btree_gin", "pg_trgm"], {BY_TAG, BY_WORD, USERS_BY_WORD}),
    ],
)
async def test_missing_extensions_do_not_change_results(
    postgres: Postgres, unprivileged_url: str, installed: list[str], indexes: set[str]
) -> None:
    superuser_url = postgres.url(make_url(unprivileged_url).database or "")
    await execute(superuser_url, *(f"CREATE EXTENSION {name}" for name in installed))
    schema = SqlSchema(unprivileged_url)

    await schema.upgrade()

    assert await optional_indexes(unprivileged_url) == indexes
    await schema.check()
    await assert_same_results(unprivileged_url)
    await schema.downgrade("base")
    await schema.upgrade()


async def test_extensions_are_created_if_the_role_may(postgres_url: str) -> None:
    assert await optional_indexes(postgres_url) == {BY_TAG, BY_WORD, USERS_BY_WORD}
    await assert_same_results(postgres_url)


async def test_dropped_extensions_do_not_change_results(postgres_url: str) -> None:
    await execute(postgres_url, "DROP EXTENSION pg_trgm CASCADE", "DROP EXTENSION btree_gin CASCADE")

    assert await optional_indexes(postgres_url) == set()
    await SqlSchema(postgres_url).check()
    await assert_same_results(postgres_url)
