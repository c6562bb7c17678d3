import asyncio

import structlog

from adapters.mail.message import message_of
from adapters.mail.transports import Transport
from application.ports.mail import Mail


class BackgroundMailer:
    """Sends beside what goes on, so that nobody can tell by waiting whether a mail was sent."""

    def __init__(self, transport: Transport, sender: str) -> None:
        self._transport = transport
        self._sender = sender
        self._sending: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger("mail")

    async def send(self, mail: Mail) -> None:
        sending = asyncio.create_task(self._send(mail))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    async def close(self) -> None:
        """Waits for what is being sent."""
        await asyncio.gather(*self._sending)

    async def _send(self, mail: Mail) -> None:
        try:
            await self._transport.send(message_of(mail, self._sender))
        except Exception as error:
            self._log.error("mail_failed", subject=mail.subject, error=type(error).__name__)
