"""What all commands share: the container and password input."""

import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager, AsyncExitStack, suppress
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from entrypoints.cli.exits import exit_with_error

if TYPE_CHECKING:
    from application.platform.events import Event
    from domain.identity.actor import Actor
    from entrypoints.wiring.container import Container
    from entrypoints.wiring.services import Services

T = TypeVar("T")

UserOption = Annotated[
    str,
    typer.Option(
        "--user",
        "--username",
        "-u",
        envvar="TASK_MANAGER_USER",
        metavar="NAME",
        help="Whose data: a username, e-mail address or id.",
        show_default=False,
    ),
]


def build_container(*, is_service: bool = False) -> "Container":
    """Build the container and configure logging. Check all settings.

    A service logs to standard output. Other commands log to standard error, because their output is the result: only
    warnings and audit events, unless LOG_LEVEL is set.
    """
    from entrypoints import logs
    from entrypoints.wiring.container import Container

    container = Container()
    logs.configure(container.settings(), is_service=is_service)
    container.storage()
    container.file_store()
    container.audit()
    container.redis()
    return container


def run(use_case: "Callable[[Services], Awaitable[T]]") -> T:
    """Run a use case on a new container; see `run_on`."""
    return run_on(build_container(), use_case)


def run_as(name: str, use_case: "Callable[[Services, Actor], Awaitable[T]]") -> T:
    """Run a use case of the user with this username, e-mail address or id on a new container; see `run_on`."""

    async def find_and_run(services: "Services") -> T:
        from domain.identity.actor import Actor

        return await use_case(services, Actor.of(await services.bootstrap.find_user(name)))

    return run(find_and_run)


def run_on(container: "Container", use_case: "Callable[[Services], Awaitable[T]]") -> T:
    """Open the container and run a use case, with this command as the origin of audit events."""
    from entrypoints.wiring.container import open_container

    async def run_opened() -> T:
        async with open_container(container):
            with running_for_command(container):
                return await use_case(container.services())

    return wait_for(run_opened())


def wait_for(work: "Coroutine[Any, Any, T]") -> T:
    """Run a coroutine in an event loop of its own."""
    import asyncio  # takes as long as a help text

    return asyncio.run(work)


def running_for_command(container: "Container") -> AbstractContextManager[None]:
    """Set this command as the origin of audit events."""
    from application.audit.origin import Origin, running_for
    from domain.audit.audit_event import Source

    origin = Origin(source=Source.COMMAND, correlation_id=container.new_id()())
    return running_for(lambda: origin)


async def record(container: "Container", event: "Event") -> None:
    """Store and log what this command has done, on a container that is not open.

    Log it only if the container cannot be opened, for example because the schema is an older one: the command itself
    has succeeded.
    """
    from entrypoints.cli.errors import EXIT_CODES
    from entrypoints.wiring.container import open_container

    events = container.services().events
    with running_for_command(container):
        async with AsyncExitStack() as opened:
            try:
                await opened.enter_async_context(open_container(container))
            except tuple(EXIT_CODES):
                await events.log(event)
            else:
                await events.record(event)


async def verify_file_store(container: "Container") -> None:
    """Refuse to start with the file store of another database. An open storage is required.

    An outage does not prevent the start: jobs compare the ids again before they remove files.
    """
    from application.files.ports import FileStoreUnavailable
    from application.platform.unit_of_work import StorageUnavailable

    with suppress(StorageUnavailable, FileStoreUnavailable):
        await container.services().file_store_identity.verify()


def read_password() -> str:
    """Prompt for a password twice on a terminal; otherwise read one line of standard input.

    A byte order mark and the end of the line, LF or CR LF, are not part of the password.
    """
    if sys.stdin is None:
        exit_with_error("standard input is closed: it must contain the password")
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError as error:
        exit_with_error(f"the password on standard input is not {error.encoding} text")
    return line.removeprefix("\ufeff").removesuffix("\n").removesuffix("\r")
