"""What `task-manager serve` prints when it starts."""

import shutil
import sys
from typing import Final
from urllib.parse import unquote, urlsplit

from rich.text import Text

from entrypoints.setting_types import local_url
from entrypoints.settings import Settings

COMMAND: Final = "task-manager"


def startup_banner(settings: Settings, host: str, port: int) -> Text:
    """Return first steps in development, and a single line elsewhere."""
    url = local_url(host, port)
    if not settings.is_development:
        return Text(f"Task Manager: {url}")
    text = Text.assemble(("Task Manager", "bold"), " at ", (url, "bold cyan"), "\n\n")
    for name, meaning in (
        ("try it", f"{url}/docs"),
        ("first account", f"POST /api/v1/auth/register there, then log in with Authorize; or\n{_curl(url)}"),
        ("first admin", f"{_command()} users create --role admin --username NAME --email ADDRESS"),
        ("demo data", f"{_command()} seed --tasks 1000 --username NAME"),
        ("data", _data(settings)),
        ("mails", _mails(settings.mail_url)),
        ("stop", "Ctrl+C"),
    ):
        first, *more = meaning.splitlines()
        text.append(f"  {name:<15}", "dim").append(f"{first}\n")
        for line in more:
            text.append(f"{'':<17}{line}\n")
    return text


def _curl(url: str) -> str:
    account = '{"username": "ann", "email": "ann@example.com", "password": "Correct-Horse-7"}'
    return f"curl {url}/api/v1/auth/register -H 'Content-Type: application/json' \\\n  -d '{account}'"


def _command() -> str:
    """Return the command as the user can call it: with its path if it is not on PATH."""
    called = sys.argv[0]
    return called if called.endswith(f"/{COMMAND}") and shutil.which(COMMAND) is None else COMMAND


def _data(settings: Settings) -> str:
    if settings.storage == "memory":
        return "in memory, lost when the service stops"
    if settings.storage != "sql":
        return f"in {settings.storage}"
    url = urlsplit(settings.database_url)
    if url.scheme.startswith("sqlite"):
        return unquote(settings.database_url.partition(":///")[2])
    return f"PostgreSQL at {url.hostname}{f':{url.port}' if url.port else ''}{url.path}"


def _mails(mail_url: str) -> str:
    url = urlsplit(mail_url)
    match url.scheme:
        case "console":
            return "printed here"
        case "file":
            return f"one .eml file each in {unquote(url.path)}"
    return f"by SMTP through {url.hostname}"
