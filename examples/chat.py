"""An entrypoint of your own: a chat on standard input, over the same services as the REST API.

Run it with python examples/chat.py, and type `add Water the plants`, `list`, `done 1`.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator

from dependency_injector import providers

from task_manager import (
    Actor,
    Container,
    CreateTask,
    DomainError,
    ListTasks,
    RegisterUser,
    Services,
    Settings,
    Task,
    open_container,
)


class Chat:
    """Translates lines to use cases. It has no rules of its own."""

    def __init__(self, services: Services, actor: Actor) -> None:
        self._tasks = services.tasks
        self._actor = actor
        self._listed: list[Task] = []
        self._commands: dict[str, Callable[[str], Awaitable[Iterable[str]]]] = {
            "add": self.add,
            "list": self.list,
            "done": self.done,
        }

    async def answer(self, line: str) -> Iterable[str]:
        name, _, argument = line.strip().partition(" ")
        command = self._commands.get(name)
        if command is None:
            return [f"I know: {', '.join(self._commands)}"]
        try:
            return await command(argument)
        except DomainError as error:
            return [f"No: {error}"]

    async def add(self, title: str) -> Iterable[str]:
        task = await self._tasks.create(self._actor, CreateTask(title=title))
        return [f"Added: {task.title}"]

    async def list(self, _: str) -> Iterator[str]:
        self._listed = (await self._tasks.list(self._actor, ListTasks())).items
        return (f"{number}. {task.title} ({task.status})" for number, task in enumerate(self._listed, 1))

    async def done(self, number: str) -> Iterable[str]:
        if not number.isdecimal() or not 0 < int(number) <= len(self._listed):
            return ["Which one? Say the number that `list` shows."]
        task = await self._tasks.edit(self._actor, self._listed[int(number) - 1].id, completed=True)
        return [f"Done: {task.title}"]


async def main() -> None:
    container = Container(settings=providers.Object(Settings(storage="memory")))
    async with open_container(container):
        services = container.services()
        account = RegisterUser(username="ann", email="ann@example.com", password="Correct-Horse-7")
        chat = Chat(services, Actor.of(await services.accounts.register(account)))
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(*await chat.answer(line), sep="\n", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
