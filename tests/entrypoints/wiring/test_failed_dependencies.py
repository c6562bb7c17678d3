"""The cause of a failed readiness check is logged, without secrets."""

import re
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers
from sqlalchemy import make_url
from structlog.testing import capture_logs

from entrypoints.wiring.container import Container, open_container
from tests.entrypoints.given import make_settings
from tests.servers.ports import free_port
from tests.servers.postgres import Postgres


async def logged(**settings: Any) -> list[str]:
    """Return the causes that two reports log."""
    container = Container(settings=providers.Object(make_settings(**settings)))
    with capture_logs() as events:
        async with open_container(container):
            for _ in range(2):
                await container.services().health.report()
    assert "canary" not in str(events)
    return [f"{event['dependency']}: {event['reason']}" for event in events if event["event"] == "dependency_failed"]


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"port": None}, "Connect call failed"),
        ({"username": "stranger"}, 'role "stranger" does not exist'),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"query": {"sslmode": "require"}}, "PostgreSQL server at .* rejected SSL upgrade"),
    ],
    ids=str,
)
async def test_the_cause_of_a_failed_database_is_logged_once(
    postgres: Postgres, changes: dict[str, Any], cause: str, tmp_path: Path
) -> None:
    if "port" in changes:
        changes = {"port": free_port()}
    url = make_url(postgres.url("postgres")).set(password="canary").set(**changes)

    (line,) = await logged(database_url=url.render_as_string(hide_password=False), files_url=tmp_path.as_uri())

    assert line.startswith("database: no connection to the database: ")
    assert re.search(cause, line), line


async def test_the_cause_of_an_unusable_file_store_is_logged_once(tmp_path: Path) -> None:
    (file := tmp_path / "file").touch()

    (line,) = await logged(storage="memory", files_url=file.as_uri())

    assert line.startswith("storage: files cannot be read or written: "), line
