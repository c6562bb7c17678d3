"""The storages."""

from adapters.memory.storage import InMemoryStorage
from adapters.sql.storage import SqlStorage

__all__ = ["InMemoryStorage", "SqlStorage"]
