"""How a message leaves: printed, into a folder, or by SMTP. The choice is a URL's."""

import asyncio
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import aiosmtplib

SMTP_PATIENCE: Final = 10.0
"""Seconds."""


class Transport(Protocol):
    async def send(self, message: EmailMessage) -> None: ...


class ConsoleTransport:
    """For development: to standard output, as people read it."""

    async def send(self, message: EmailMessage) -> None:
        shown = "\n".join(f"{name}: {message[name]}" for name in ("From", "To", "Subject"))
        sys.stdout.write(f"\n{shown}\n\n{message.get_content()}\n")
        sys.stdout.flush()


class FolderTransport:
    """One `.eml` file each, complete when it appears."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage) -> None:
        await asyncio.to_thread(self._write, message)

    def _write(self, message: EmailMessage) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = uuid4().hex
        half = self._folder / f".{name}"
        half.write_bytes(message.as_bytes())
        half.rename(self._folder / f"{name}.eml")


class SmtpTransport:
    """`smtp://user:password@host:587` begins TLS where the server offers it, `smtps://…` with it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or "localhost"
        self._port = parts.port
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._is_tls = parts.scheme == "smtps"

    async def send(self, message: EmailMessage) -> None:
        await aiosmtplib.send(
            message,
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            use_tls=self._is_tls,
            timeout=SMTP_PATIENCE,
        )


def transport_of(url: str) -> Transport:
    """Of `console:`, `file:///folder`, `smtp://…` or `smtps://…`."""
    match urlsplit(url).scheme:
        case "console":
            return ConsoleTransport()
        case "file":
            return FolderTransport(Path(unquote(urlsplit(url).path)))
        case "smtp" | "smtps":
            return SmtpTransport(url)
    raise ValueError("a mail URL begins with console:, file:///, smtp:// or smtps://")
