from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from application.audit.ports import AuditUnitOfWork
from application.platform.access import AccessUnitOfWork
from application.platform.paging import Page, Paging, Slice, Window
from application.platform.retry import read, retried
from domain.audit.audit_event import AuditEvent
from domain.audit.audit_query import AuditFilter, LatestFirst
from domain.calendar import DateOrDatetime, start_instant
from domain.identity.actor import Actor
from domain.identity.user import User, UserId

_ORDER = LatestFirst()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAuditEvents:
    """Query: one page of the security events. See `AuditFilter`; a day starts in the time zone of the actor."""

    user_id: UserId | None = None
    event: str | None = None
    since: DateOrDatetime | None = None
    until: DateOrDatetime | None = None
    paging: Paging = Paging()

    def filter(self, actor: Actor) -> AuditFilter:
        """Return the filter, with instants instead of days.

        Raises:
            InvalidValue: No event can have this name.
        """
        zone = actor.zone
        return AuditFilter(
            user_id=self.user_id,
            event=self.event,
            since=None if self.since is None else start_instant(self.since, zone),
            until=None if self.until is None else start_instant(self.until, zone),
        )


class AuditService:
    """Read the security events of all users."""

    def __init__(self, unit_of_work: Callable[[], AuditUnitOfWork]) -> None:
        self._unit_of_work = unit_of_work

    @retried
    async def list(self, actor: Actor, query: ListAuditEvents) -> Page[AuditEvent]:
        """Return one page of the events, latest first.

        Raises:
            Forbidden: The actor is no admin.
            InvalidValue: The name of the event is invalid, or the cursor is damaged or belongs to another list.
        """
        actor.require_admin()
        filter, paging = query.filter(actor), query.paging
        window = paging.window(filter, _ORDER)
        async with self._unit_of_work() as uow:
            found = await uow.audit_events.find(filter, window)
        return paging.page(found.items, found.total, is_exact=False, filter=filter, order=_ORDER)


class SearchUnitOfWork(AuditUnitOfWork, AccessUnitOfWork, Protocol):
    """The repositories that a search needs."""


class AuditSearch:
    """Search the security events for the operator of the service, who has no account.

    No network interface may offer it.
    """

    def __init__(self, unit_of_work: Callable[[], SearchUnitOfWork]) -> None:
        self._unit_of_work = unit_of_work

    async def find_user(self, login: str) -> UserId | None:
        """Return the user with this username or e-mail address, ignoring case, or None."""
        user: User | None = await read(self._unit_of_work, lambda uow: uow.users.find_by_login(login))
        return user.id if user else None

    async def find(self, filter: AuditFilter, *, limit: int) -> list[AuditEvent]:
        """Return up to `limit` events, latest first."""
        window = Window(limit=limit)
        found: Slice[AuditEvent] = await read(self._unit_of_work, lambda uow: uow.audit_events.find(filter, window))
        return found.items
