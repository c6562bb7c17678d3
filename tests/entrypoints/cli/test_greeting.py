import io
from typing import Any

import pytest
from rich.console import Console

from entrypoints.cli.greeting import greeting
from tests.entrypoints.given import only


def shown(host: str = "127.0.0.1", port: int = 8000, *, terminal: bool = False, **given: Any) -> str:
    written = io.StringIO()
    console = Console(
        file=written, soft_wrap=True, force_terminal=terminal, color_system="standard" if terminal else None
    )
    console.print(greeting(only(**given), host, port))
    return written.getvalue()


def test_a_newcomer_learns_where_to_go_and_how_to_leave() -> None:
    told = shown()

    for word in ("http://127.0.0.1:8000/docs", "curl http://127.0.0.1:8000/api/v1/auth/register", "Ctrl+C"):
        assert word in told
    assert "users create --role admin" in told
    assert "data/task-manager.db" in told
    assert "printed here" in told
    assert len(told.splitlines()) < 15


def test_it_is_coloured_for_a_terminal_alone() -> None:
    assert "\x1b[" not in shown()
    assert "\x1b[" in shown(terminal=True)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"storage": "memory"}, "gone when this ends"),
        ({"database_url": "sqlite+aiosqlite:////srv/tasks.db"}, "/srv/tasks.db"),
        (
            {"database_url": "postgresql+asyncpg://ann:canary@db.example:5433/tasks"},
            "PostgreSQL at db.example:5433/tasks",
        ),
        ({"storage": "mine.storage:Mine"}, "mine.storage:Mine"),
        ({"mail_url": "file:///var/mails"}, "/var/mails"),
        ({"mail_url": "smtp://ann:canary@mail.example:587"}, "mail.example"),
    ],
)
def test_it_tells_where_things_lie_and_no_password(given: dict[str, Any], told: str) -> None:
    greeted = shown(**given)

    assert told in greeted
    assert "canary" not in greeted


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000/docs"),
        ("::", "http://[::1]:8000/docs"),
        ("10.0.0.7", "http://10.0.0.7:8000/"),
    ],
)
def test_the_address_is_one_to_click_on(host: str, url: str) -> None:
    assert url in shown(host)


def test_production_is_warned_of_mails_among_its_logs() -> None:
    production: dict[str, Any] = {
        "environment": "production",
        "database_url": "sqlite+aiosqlite:////srv/tasks.db",
        "allowed_origins": ("https://tasks.example.com",),
    }
    assert "set MAIL_URL" in shown(**production)
    assert "MAIL_URL" not in shown(**production, mail_url="smtp://mail.example")


def test_whoever_runs_a_service_gets_a_line() -> None:
    assert shown(environment="testing").splitlines() == ["Task Manager: http://127.0.0.1:8000"]
