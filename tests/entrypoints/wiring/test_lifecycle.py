from typing import Any, Self

import pytest
from dependency_injector import providers

from adapters.memory.files.store import InMemoryFileStore
from application.platform.mail import Mail
from entrypoints.http.app import create_app
from entrypoints.wiring.container import Container, open_container
from tests.entrypoints.given import make_settings
from tests.entrypoints.wiring.storages import ThirdPartyStorage


class Recorded:
    """An async context manager that records when it is entered and left."""

    def __init__(self, name: str, log: list[str]) -> None:
        self._name = name
        self._log = log

    async def __aenter__(self) -> Self:
        self._log.append(f"{self._name} entered")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._log.append(f"{self._name} left")


class RecordedStorage(Recorded, ThirdPartyStorage):
    def __init__(self, log: list[str]) -> None:
        Recorded.__init__(self, "storage", log)
        ThirdPartyStorage.__init__(self)


class RecordedFileStore(Recorded, InMemoryFileStore):
    def __init__(self, log: list[str]) -> None:
        Recorded.__init__(self, "files", log)
        InMemoryFileStore.__init__(self)


class RecordedMailer(Recorded):
    def __init__(self, log: list[str]) -> None:
        super().__init__("mailer", log)

    async def send(self, mail: Mail) -> None: ...


def container_with(log: list[str], **adapters: Any) -> Container:
    return Container(
        settings=providers.Object(make_settings(storage="memory")),
        storage=providers.Singleton(RecordedStorage, log),
        file_store=providers.Singleton(RecordedFileStore, log),
        mailer=providers.Singleton(RecordedMailer, log),
        **adapters,
    )


async def test_every_adapter_that_is_a_context_manager_is_entered_and_left_in_reverse_order() -> None:
    log: list[str] = []
    async with open_container(container_with(log)):
        assert log == ["storage entered", "files entered", "mailer entered"]

    assert log[3:] == ["mailer left", "files left", "storage left"]


async def test_the_application_opens_and_closes_custom_adapters() -> None:
    log: list[str] = []
    app: Any = create_app(container_with(log))
    async with app.router.lifespan_context(app):
        assert "mailer entered" in log

    assert "mailer left" in log


async def test_entered_adapters_are_left_if_a_later_one_fails() -> None:
    log: list[str] = []

    class Broken(Recorded):
        async def __aenter__(self) -> Self:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async with open_container(container_with(log, audit=providers.Singleton(Broken, "audit", log))):
            raise AssertionError

    assert log == ["storage entered", "files entered", "mailer entered", "mailer left", "files left", "storage left"]


def test_an_unknown_adapter_is_refused() -> None:
    with pytest.raises(AttributeError):
        Container(storages=providers.Singleton(ThirdPartyStorage))


async def test_everything_that_depends_on_the_storage_comes_from_its_instance() -> None:
    settings = make_settings(storage="sql")
    container = Container(settings=providers.Object(settings), storage=providers.Singleton(ThirdPartyStorage))

    assert isinstance(container.file_store(), InMemoryFileStore)
    assert container.storage().migrator is None
    async with open_container(container):
        await container.storage().check()
