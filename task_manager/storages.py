"""The storages. `ComposedStorage` keeps tasks in a storage of your own; see `task_manager.tasks`."""

from adapters.composed.storage import ComposedStorage
from adapters.memory.storage import InMemoryStorage
from adapters.sql.storage import SqlStorage

__all__ = ["ComposedStorage", "InMemoryStorage", "SqlStorage"]
