from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    to: str
    subject: str
    text: str = field(repr=False)


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Returns at once; the mail goes out as soon as it can, and a failure is logged."""
        ...

    async def close(self) -> None:
        """Waits for what is on its way."""
        ...
