from typing import Any, Final

import pytest
from dependency_injector import providers

from adapters.memory.storage import InMemoryStorage
from entrypoints.settings import Settings
from entrypoints.wiring.container import Container

OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "memory": {"storage": "memory"},
    "sqlite": {"database_url": "sqlite+aiosqlite:///unused.db"},
    "postgres": {"database_url": "postgresql+asyncpg://user@host/database"},
}
"""Creating a component opens no connection."""


def new_container(**options: Any) -> Container:
    given: dict[str, Any] = {"_env_file": None, "secret_key": "a key of more than 32 characters", **options}
    return Container(settings=providers.Object(Settings(**given)))


@pytest.mark.parametrize("storage", OPTIONS)
@pytest.mark.parametrize("name", sorted(Container.providers))
def test_every_provider_of_the_container_creates_its_component(name: str, storage: str) -> None:
    container = new_container(**OPTIONS[storage])

    component = container.providers[name]()

    assert (component is None) == (name == "redis")


@pytest.mark.parametrize("name", sorted(set(Container.providers) - {"settings", "new_id", "new_secret", "demo_task"}))
def test_each_component_is_created_once(name: str) -> None:
    container = new_container(storage="memory")

    assert container.providers[name]() is container.providers[name]()


def test_two_containers_share_no_component() -> None:
    one, other = new_container(storage="memory"), new_container(storage="memory")

    assert isinstance(one.storage(), InMemoryStorage)
    assert one.storage() is not other.storage()
