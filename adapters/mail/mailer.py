import re

import aiosmtplib

from adapters.mail.message import addresses_in, build_message
from adapters.mail.transports import Transport
from application.platform.mail import Mail, MailNotSent


class TransportMailer:
    """Send mails over a transport and raise MailNotSent if that fails."""

    def __init__(self, transport: Transport, sender: str) -> None:
        self._transport = transport
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        message = build_message(mail, self._sender)
        if addresses_in(message["To"]) != [mail.to]:
            # Programs that read the header, and not the envelope, would deliver the mail to another mailbox.
            raise MailNotSent("a header with the recipient's address would name another mailbox")
        try:
            await self._transport.send(message, sender=addresses_in(message["From"])[0], recipient=mail.to)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailNotSent(_describe(error)) from error


def _describe(error: aiosmtplib.SMTPException | OSError) -> str:
    """Describe an error without the text of the reply, which may quote the mail with its addresses and links."""
    cause = error.recipients[0] if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else error
    if not isinstance(cause, aiosmtplib.SMTPResponseException):
        return f"{type(cause).__name__}: {cause}"
    enhanced_code = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", cause.message, re.ASCII)  # RFC 3463
    return f"{type(cause).__name__}: {cause.code}" + (f" {enhanced_code[0]}" if enhanced_code else "")
