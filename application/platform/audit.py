"""The log of security events, and where they come from: a request, a job or a command."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Final, Protocol

from application.platform.events import Event
from domain.errors import NotFound
from domain.identity.user import UserId

ID_VERSION: Final = 7
"""The version of the UUIDs that this service creates."""


class Source(StrEnum):
    """What runs use cases."""

    REQUEST = "request"
    JOB = "job"
    COMMAND = "command"
    """A command of the operator, who has no account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The request, the job or the command that runs the use case."""

    source: Source
    correlation_id: str
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


class AuditLog(Protocol):
    """The log of security events. It never contains a password, a token or a cookie.

    Each event is recorded, whatever the level of other logs is. Details have these names, where they apply:

    - `actor_id`: the user who acts, if the caller is authenticated
    - `user_id`: the account that the event is about
    - `old`, `new`: values by field, without personal data
    - `ip_address`: the address of the client

    The adapters write log lines; one that sends events to a security monitoring system would be another one.
    """

    def record(self, event: str, **details: object) -> None:
        """Record one event. Event names are stable: alerts and log searches depend on them."""
        ...

    def warn(self, event: str, **details: object) -> None:
        """Record one event that may be part of an attack."""
        ...


def with_origin(details: dict[str, object]) -> dict[str, object]:
    """Return the details that have a value, with those of the current origin. The details win over the origin."""
    find_origin = _find_origin.get()
    known = asdict(find_origin()) if find_origin else {}
    known |= {name: value for name, value in details.items() if value is not None}
    return {name: value for name, value in known.items() if value is not None}


class AuditRecorder:
    """Record events of committed transactions in the audit log."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def handle(self, event: Event) -> None:
        """Record an event under its name, with its fields as details."""
        record = self._audit.warn if event.is_suspicious else self._audit.record
        record(event.name, **{field.name: getattr(event, field.name) for field in fields(event)})


class ProbeRecorder:
    """Record requests for ids that the caller does not own: they may be probes for data of other users.

    Storages look up ids of one owner only, so the record also includes ids that no longer exist.
    """

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    def record(self, user_id: UserId, error: NotFound) -> None:
        """Record the requested ids that were not found, except those that this service cannot have created."""
        if ids := [str(id) for id in error.ids if id.version == ID_VERSION]:
            self._audit.warn(
                "unknown_id_requested", actor_id=user_id, user_id=user_id, error=error.code, ids=" ".join(ids)
            )
