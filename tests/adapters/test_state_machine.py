import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from adapters.memory.storage import InMemoryStorage
from adapters.sql.storage import SqlStorage
from application.storage import Storage
from tests.contracts.state_machine.file_rules import FileRules


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """An event loop that runs only during the steps of a history."""
    with asyncio.Runner() as runner:
        yield runner


def test_all_storages_give_the_same_results_for_a_random_history(
    runner: asyncio.Runner, sqlite_url: str, postgres_url: str
) -> None:
    storages: dict[str, Storage] = {
        "memory": InMemoryStorage(),
        "SQLite": SqlStorage(sqlite_url),
        "PostgreSQL": SqlStorage(postgres_url),
    }

    class Machine(FileRules):
        def __init__(self) -> None:
            super().__init__(storages, runner.run)

    few = settings(
        max_examples=max(settings().max_examples // 5, 1),
        phases=set(Phase) - {Phase.explain},
        report_multiple_bugs=False,
    )
    databases = [storage for storage in storages.values() if isinstance(storage, SqlStorage)]
    for database in databases:
        runner.run(database.open())
    try:
        run_state_machine_as_test(Machine, settings=few)
    finally:
        for database in databases:
            runner.run(database.close())
