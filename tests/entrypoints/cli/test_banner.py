import io
from typing import Any

import pytest
from rich.console import Console

from entrypoints.cli.banner import startup_banner
from tests.entrypoints.given import make_settings


def render(host: str = "127.0.0.1", port: int = 8000, *, is_terminal: bool = False, **options: Any) -> str:
    output = io.StringIO()
    console = Console(
        file=output, soft_wrap=True, force_terminal=is_terminal, color_system="standard" if is_terminal else None
    )
    console.print(startup_banner(make_settings(**options), host, port))
    return output.getvalue()


def test_development_shows_first_steps() -> None:
    banner = render()

    for word in ("http://127.0.0.1:8000/docs", "curl http://127.0.0.1:8000/api/v1/auth/register", "Ctrl+C"):
        assert word in banner
    assert "users create --role admin" in banner
    assert "data/task-manager.db" in banner
    assert "printed here" in banner
    assert len(banner.splitlines()) < 15


def test_only_a_terminal_gets_colours() -> None:
    assert "\x1b[" not in render()
    assert "\x1b[" in render(is_terminal=True)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"storage": "memory"}, "lost when the service stops"),
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
def test_it_shows_where_data_and_mails_are_stored_but_no_password(options: dict[str, Any], expected: str) -> None:
    banner = render(**options)

    assert expected in banner
    assert "canary" not in banner


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000/docs"),
        ("::", "http://[::1]:8000/docs"),
        ("10.0.0.7", "http://10.0.0.7:8000/"),
    ],
)
def test_a_browser_can_open_the_url(host: str, url: str) -> None:
    assert url in render(host)


def test_outside_development_it_is_one_line() -> None:
    assert render(environment="testing").splitlines() == ["Task Manager: http://127.0.0.1:8000"]
