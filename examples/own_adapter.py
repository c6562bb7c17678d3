"""Replace an adapter in the container: mails go to a chat room instead of a mail server.

A port is a Protocol, so the class inherits from nothing. Run it with python examples/own_adapter.py.
"""

import asyncio

from dependency_injector import providers

from task_manager import Container, Mail, RegisterUser, Settings, open_container


class ChatMailer:
    """Posts mails to a chat room, here a list. A real one would be an async context manager with a connection."""

    def __init__(self) -> None:
        self.room: list[str] = []

    async def send(self, mail: Mail) -> None:
        self.room.append(f"to {mail.to}: {mail.subject}")


async def main() -> None:
    mailer = ChatMailer()
    container = Container(
        settings=providers.Object(Settings(storage="memory")),
        mailer=providers.Object(mailer),
    )
    async with open_container(container):
        services = container.services()
        await services.accounts.register(
            RegisterUser(username="ann", email="ann@example.com", password="Correct-Horse-7")
        )
        while await services.job_worker.work():  # mails are jobs; a service runs them in the background
            pass
    print(*mailer.room, sep="\n")


if __name__ == "__main__":
    asyncio.run(main())
