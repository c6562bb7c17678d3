"""Ways to send a message: print it, write it to a directory, or send it by SMTP. A URL selects the way."""

import asyncio
import sys
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import aiosmtplib

from domain.text import escape_unprintable

SMTP_TIMEOUT: Final = 10.0
"""Seconds to connect, and for each response of the server."""


class Transport(Protocol):
    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        """Send a message from one address to another. The headers are for the reader only."""
        ...


class ConsoleTransport:
    """Print messages to standard output, set apart from the log, for development. Terminal controls are escaped."""

    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        lines = [f"From: {message['From']}", f"To: {recipient}", f"Subject: {message['Subject']}", ""]
        lines += message.get_content().rstrip("\n").split("\n")
        box = ["--- mail ---", *(f"| {escape_unprintable(line)}".rstrip() for line in lines), "------------"]
        sys.stdout.write("".join(f"{line}\n" for line in box))
        sys.stdout.flush()


class DirectoryTransport:
    """Write each message to an `.eml` file, which appears when it is complete."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        await asyncio.to_thread(self._write, message)

    def _write(self, message: EmailMessage) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        name = uuid4().hex
        partial = self._directory / f".{name}"
        partial.write_bytes(message.as_bytes())
        partial.rename(self._directory / f"{name}.eml")


class SmtpTransport:
    """Send messages by SMTP: `smtp://user:password@host` with STARTTLS, `smtps://…` with implicit TLS.

    TLS verifies the certificate. `smtp://` sends no password without TLS, except to this machine. Without a password,
    it uses STARTTLS if the server offers it.
    """

    def __init__(self, url: str, timeout: float = SMTP_TIMEOUT) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or "localhost"
        self._port = parts.port
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._is_tls = parts.scheme == "smtps"
        self._needs_starttls = not self._is_tls and self._username is not None and not is_loopback(self._host)
        self._timeout = timeout

    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        await aiosmtplib.send(
            message,
            sender=sender,
            recipients=[recipient],
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            use_tls=self._is_tls,
            start_tls=self._needs_starttls or None,  # None: if the server offers it
            timeout=self._timeout,
        )


def is_loopback(host: str) -> bool:
    """Return whether connections to a host certainly stay on this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
