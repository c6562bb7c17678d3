from dataclasses import dataclass
from typing import ClassVar, Final

from application.audit.recording import EventRecorder
from application.platform.clock import Clock
from application.platform.events import Event
from application.platform.rate_limits import RateLimit, RateLimiter
from domain.errors import DomainError, Forbidden, NotFound, WrongPassword
from domain.identity.user import UserId

ID_VERSION: Final = 7
"""The version of the UUIDs that this service creates."""

MAX_IDS: Final = 20
"""Ids that one event names. A request may name more."""

MAX_REFUSALS: Final = RateLimit("audited-refusals", 60, 3600)
"""Refusals of a user that are recorded, so that no user can fill the table."""


@dataclass(frozen=True, slots=True)
class UnknownIdRequested(Event):
    """A user requested ids that the user does not own: they may be probes for data of other users.

    Storages look up ids of one owner only, so this includes ids that no longer exist.
    """

    name: ClassVar = "unknown_id_requested"
    is_suspicious: ClassVar = True
    actor_id: UserId
    user_id: UserId
    error: str
    ids: str


@dataclass(frozen=True, slots=True)
class RequestForbidden(Event):
    """The role of the user does not allow the request, or it came with the cookie from a page of another origin."""

    name: ClassVar = "request_forbidden"
    is_suspicious: ClassVar = True
    actor_id: UserId
    user_id: UserId
    route: str
    error: str


class RefusalRecorder:
    """Record the refused requests of authenticated users, up to MAX_REFUSALS of each user."""

    def __init__(self, events: EventRecorder, limiter: RateLimiter, clock: Clock) -> None:
        self._events = events
        self._limiter = limiter
        self._clock = clock

    async def record(self, user_id: UserId, error: DomainError, route: str) -> None:
        """Record a request that was forbidden, or for ids that were not found.

        Ids that this service cannot have created are not recorded.
        """
        event = _event_of(user_id, error, route)
        if event is not None:
            await self._record(user_id, event)

    async def record_forbidden(self, user_id: UserId, code: str, route: str) -> None:
        """Record a request that was forbidden for another reason than the role of the user, by its error code."""
        await self._record(user_id, RequestForbidden(user_id, user_id, route, code))

    async def _record(self, user_id: UserId, event: Event) -> None:
        window = await self._limiter.hit(MAX_REFUSALS, f"{event.name}:{user_id}", self._clock.now())
        if not window.is_exceeded:
            await self._events.record(event)


def _event_of(user_id: UserId, error: DomainError, route: str) -> Event | None:
    match error:
        case WrongPassword():
            return None  # recorded where the password is verified
        case Forbidden():
            return RequestForbidden(user_id, user_id, route, error.code)
        case NotFound():
            ids = [str(id) for id in error.ids if id.version == ID_VERSION]
            return UnknownIdRequested(user_id, user_id, error.code, " ".join(ids[:MAX_IDS])) if ids else None
    return None
