from collections.abc import Callable
from uuid import UUID

NewId = Callable[[], UUID]
"""Returns a new unique id: a UUID version 7 (RFC 9562). Later ids of one process compare greater."""
