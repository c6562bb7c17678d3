"""Standard streams that are closed, full, or unable to encode a character."""

import subprocess
from io import BytesIO, TextIOWrapper
from pathlib import Path
from uuid import uuid4

import pytest
import structlog

from adapters.mail.message import build_message
from adapters.mail.transports import ConsoleTransport
from application.platform.mail import Mail
from entrypoints import logs
from tests.entrypoints.given import make_settings
from tests.entrypoints.http.service_process import COMMAND

MAIL = Mail(uuid4(), "ann@example.com", "Grüße \u2013 €", "Grüße \u2013 €\n")


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
async def test_mails_and_logs_are_printed_in_any_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    printed = BytesIO()
    monkeypatch.setattr("sys.stdout", TextIOWrapper(printed, encoding))
    logs.configure(make_settings())

    structlog.get_logger("test").info("\u2013")
    await ConsoleTransport().send(build_message(MAIL, "noreply@example.com"), sender="", recipient=MAIL.to)

    assert printed.getvalue().count(rb"\u2013 \u20ac") == 2
    assert rb"\u2013" in printed.getvalue().splitlines()[0]


@pytest.mark.parametrize(("no_color", "is_coloured"), [("", True), ("1", False)])
def test_the_log_has_colours_on_a_terminal(monkeypatch: pytest.MonkeyPatch, no_color: str, is_coloured: bool) -> None:
    terminal = TextIOWrapper(BytesIO(), "utf-8")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")
    logs.configure(make_settings())

    structlog.get_logger("test").info("event", value="\x1b[31m")
    terminal.seek(0)
    printed = terminal.read()

    assert ("\x1b[" in printed) is is_coloured


def test_a_log_that_cannot_be_written_raises_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        monkeypatch.setattr("sys.stdout", TextIOWrapper(full, write_through=True))
        logs.configure(make_settings())

        structlog.get_logger("test").info("lost")


def test_closed_and_full_streams_are_reported_in_one_line(tmp_path: Path) -> None:
    """Only a process of its own can have closed descriptors."""
    commands = {
        f"{COMMAND} users create --username ann --email ann@example.com <&- >&-": "standard input is closed",
        f"{COMMAND} migrate >/dev/full": "No space left on device",
    }
    processes = [
        subprocess.Popen(["/bin/sh", "-c", command], cwd=tmp_path, env={}, stderr=subprocess.PIPE, text=True)
        for command in commands
    ]
    for process, message in zip(processes, commands.values(), strict=True):
        errors = process.communicate()[1]
        assert (process.returncode, errors.count("\n")) == (2, 1), errors
        assert message in errors
