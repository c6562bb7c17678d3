from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.entrypoints.http.service_process import ServerProcess, copy_of


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[ServerProcess]:
    """A server that several modules share. Tests must not stop it."""
    directory = tmp_path_factory.mktemp("server")
    with ServerProcess(directory, copy_of(sqlite_template, directory), RATE_LIMIT_ENABLED="false") as server:
        yield server
