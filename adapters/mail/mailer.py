import re
from typing import Final

import aiosmtplib

from adapters.mail.message import addresses_in, build_message
from adapters.mail.transports import Transport
from application.platform.mail import Mail, MailNotSent, MailRefused

PERMANENT: Final = 500
"""The lowest code of a permanent failure (RFC 5321)."""
POLICY: Final = "5.7."
"""How the codes of a refusal because of security or policy begin (RFC 3463), for example if the server must not relay
the mail. Operators can correct that."""


class TransportMailer:
    """Send mails over a transport."""

    def __init__(self, transport: Transport, sender: str) -> None:
        self._transport = transport
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        message = build_message(mail, self._sender)
        if addresses_in(message["To"]) != [mail.to]:
            # Programs that read the header, and not the envelope, would deliver the mail to another mailbox.
            raise MailRefused("a header with the recipient's address would name another mailbox")
        try:
            await self._transport.send(message, sender=addresses_in(message["From"])[0], recipient=mail.to)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _failure_of(error) from error


def _failure_of(error: aiosmtplib.SMTPException | OSError) -> MailNotSent | MailRefused:
    """Describe an error without the text of the reply, which may quote the mail with its addresses and links."""
    cause = error.recipients[0] if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else error
    if not isinstance(cause, aiosmtplib.SMTPResponseException):
        return MailNotSent(f"{type(cause).__name__}: {cause}")
    match = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", cause.message, re.ASCII)  # RFC 3463
    enhanced_code = match[0] if match else ""
    is_refused = isinstance(cause, aiosmtplib.SMTPRecipientRefused) and cause.code >= PERMANENT
    failure = MailRefused if is_refused and not enhanced_code.startswith(POLICY) else MailNotSent
    return failure(f"{type(cause).__name__}: {cause.code} {enhanced_code}".rstrip())
