from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Mail:
    id: UUID
    """The same for every attempt to send this mail, so that whoever gets it twice can tell."""
    to: str
    subject: str
    text: str = field(repr=False)


class MailNotSent(Exception):
    """It may work another time."""


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Returns when the next server, or whatever is in its place, has taken it. Raises MailNotSent."""
        ...
