from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.audit.audit_event import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The request, the job or the command that runs the use case."""

    source: Source
    correlation_id: UUID
    """Identifies it. Created by this service, so that no client can choose it: the id of the job, or a new one."""
    request_id: str | None = None
    """The request id of the response, which the client may have chosen."""
    ip_address: str | None = None
    """The address of the client, if it is known."""


_find_origin: Final[ContextVar[Callable[[], Origin] | None]] = ContextVar("find_origin", default=None)


@contextmanager
def running_for(find_origin: Callable[[], Origin]) -> Iterator[None]:
    """Set how to find the origin of the use cases that run in this context. It runs only when an event is recorded."""
    token = _find_origin.set(find_origin)
    try:
        yield
    finally:
        _find_origin.reset(token)


def current_origin() -> Origin | None:
    """Return the origin of the use case that runs, if it is known."""
    find_origin = _find_origin.get()
    return find_origin() if find_origin else None
