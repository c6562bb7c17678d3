from collections.abc import Callable
from uuid import UUID

NewId = Callable[[], UUID]
"""Each call gives an id never given before, version 7 (RFC 9562): later ids of one process compare greater."""
