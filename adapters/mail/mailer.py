import aiosmtplib

from adapters.mail.message import build_message
from adapters.mail.transports import Transport
from application.platform.mail import Mail, MailNotSent


class TransportMailer:
    """Send mails over a transport and raise MailNotSent if that fails."""

    def __init__(self, transport: Transport, sender: str) -> None:
        self._transport = transport
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        try:
            await self._transport.send(build_message(mail, self._sender))
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailNotSent(f"{type(error).__name__}: {error}") from error
