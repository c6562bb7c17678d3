"""Ways to send a message: print it, write it to a directory, or send it by SMTP. A URL selects the way."""

import asyncio
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import aiosmtplib

SMTP_TIMEOUT: Final = 10.0
"""Seconds to connect, and for each response of the server."""


class Transport(Protocol):
    async def send(self, message: EmailMessage) -> None: ...


class ConsoleTransport:
    """Print messages to standard output in readable form, for development."""

    async def send(self, message: EmailMessage) -> None:
        headers = "\n".join(f"{name}: {message[name]}" for name in ("From", "To", "Subject"))
        sys.stdout.write(f"\n{headers}\n\n{message.get_content()}\n")
        sys.stdout.flush()


class DirectoryTransport:
    """Write each message to an `.eml` file, which appears when it is complete."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def send(self, message: EmailMessage) -> None:
        await asyncio.to_thread(self._write, message)

    def _write(self, message: EmailMessage) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        name = uuid4().hex
        partial = self._directory / f".{name}"
        partial.write_bytes(message.as_bytes())
        partial.rename(self._directory / f"{name}.eml")


class SmtpTransport:
    """Send messages by SMTP: `smtp://user:password@host:587` uses STARTTLS if offered, `smtps://…` implicit TLS."""

    def __init__(self, url: str, timeout: float = SMTP_TIMEOUT) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or "localhost"
        self._port = parts.port
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._is_tls = parts.scheme == "smtps"
        self._timeout = timeout

    async def send(self, message: EmailMessage) -> None:
        await aiosmtplib.send(
            message,
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            use_tls=self._is_tls,
            timeout=self._timeout,
        )


def create_transport(url: str) -> Transport:
    """Create the transport for a URL: `console:`, `file:///directory`, `smtp://…` or `smtps://…`.

    Raises:
        ValueError: The URL has another scheme.
    """
    match urlsplit(url).scheme:
        case "console":
            return ConsoleTransport()
        case "file":
            return DirectoryTransport(Path(unquote(urlsplit(url).path)))
        case "smtp" | "smtps":
            return SmtpTransport(url)
    raise ValueError("a mail URL must begin with console:, file:///, smtp:// or smtps://")
