"""The mails that the service has sent."""

import email
import re
from email.policy import default
from pathlib import Path

from entrypoints.worker.job_worker import JobWorker


class Mailbox:
    """The mails in a folder. Reading them runs the jobs that send them."""

    def __init__(self, folder: Path, worker: JobWorker) -> None:
        self._folder, self._worker = folder, worker

    async def messages(self, to: str) -> list[str]:
        """Return the texts of all mails to an address."""
        await self._worker.work()
        messages = [email.message_from_bytes(path.read_bytes(), policy=default) for path in self._folder.glob("*.eml")]
        return [message.get_content() for message in messages if message["To"] == to]

    async def links(self, to: str) -> list[str]:
        """Return the reset links in the mails to an address."""
        return [found[0] for text in await self.messages(to) if (found := re.search(r"http\S+token=\S+", text))]

    async def token(self, to: str) -> str:
        """Return the token in the only reset link to an address."""
        (link,) = await self.links(to)
        return link.partition("token=")[2]
