from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Mail:
    """A plain-text mail to one recipient."""

    id: UUID
    """The same for each attempt to send this mail, so that recipients can detect duplicates."""
    to: str
    subject: str
    text: str = field(repr=False)


class MailNotSent(Exception):
    """The mail could not be sent. Another attempt may succeed."""


class MailRefused(Exception):
    """The address of the recipient does not work. Another attempt would fail too."""


class Mailer(Protocol):
    """Sends mails. The adapter uses SMTP; the HTTP API of a mail provider would be another one."""

    async def send(self, mail: Mail) -> None:
        """Send a mail. Return when the next mail server, or what replaces it, has accepted the mail.

        Raises:
            MailNotSent: The server did not accept the mail.
            MailRefused: The server permanently refused the recipient.
        """
        ...
