"""Use the service in process, without HTTP. Run it with python examples/in_process.py."""

import asyncio
from datetime import date

from dependency_injector import providers

from task_manager import (
    Actor,
    Container,
    CreateTask,
    DomainError,
    Due,
    ListTasks,
    Priority,
    RegisterUser,
    Settings,
    Tag,
    TaskFilter,
    open_container,
)


async def main() -> None:
    container = Container(settings=providers.Object(Settings(storage="memory")))
    async with open_container(container):
        services = container.services()
        ann = await services.accounts.register(
            RegisterUser(username="ann", email="ann@example.com", password="Correct-Horse-7")
        )
        actor = Actor.of(ann)
        for title, priority in (("Water the plants", Priority.LOW), ("Pay the rent", Priority.HIGH)):
            due = Due(date(2025, 12, 1))
            command = CreateTask(title=title, priority=priority, due=due, tags=(Tag("home"),))
            await services.tasks.create(actor, command)
        urgent = await services.tasks.list(actor, ListTasks(filter=TaskFilter(search="rent")))
        await services.tasks.edit(actor, urgent.items[0].id, completed=True)
        for task in (await services.tasks.list(actor, ListTasks())).items:
            print(f"{task.title}: {task.status}")
        try:
            await services.tasks.create(actor, CreateTask(title=" "))
        except DomainError as error:
            print(f"refused: {error}")


if __name__ == "__main__":
    asyncio.run(main())
