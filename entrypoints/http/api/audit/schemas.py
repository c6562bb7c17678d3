from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field

from application.audit.service import ListAuditEvents
from application.platform.paging import Page
from domain.audit.audit_event import AuditEvent
from domain.audit.audit_query import AuditFilter
from entrypoints.http.schemas.fields import DateOrDatetimeText, IdText, UserIdText
from entrypoints.http.schemas.paging import PageQuery, PageView


class ListAuditEventsQuery(PageQuery):
    user_id: UserIdText | None = None
    """Only events of this user: those that the user has caused, and those about the account."""
    event: Annotated[str, Field(pattern=f"^{AuditFilter.EVENT_NAME}$")] | None = None
    """Only events of this name, for example `login_failed`."""
    since: DateOrDatetimeText | None = None
    """Only events at this instant or on this day, or later. Days start in your time zone."""
    until: DateOrDatetimeText | None = None
    """Only events before this instant or day. Days start in your time zone."""

    def to_query(self) -> ListAuditEvents:
        return ListAuditEvents(
            user_id=self.user_id, event=self.event, since=self.since, until=self.until, paging=self.to_paging()
        )


@dataclass(slots=True)
class AuditEventView:
    """A security event."""

    id: IdText
    """The id of the event."""
    at: datetime
    """When the event happened."""
    level: Literal["info", "warning"]
    """`warning` if the event may be part of an attack, otherwise `info`."""
    event: str
    """The name of the event, for example `login_failed`."""
    actor_id: IdText | None
    """The id of the authenticated user who caused the event, or null."""
    user_id: IdText | None
    """The id of the user whose account the event is about, or null."""
    source: Literal["request", "job", "command"] | None
    """What caused the event: a request, a background job or a command of the operator. Null if it is unknown."""
    correlation_id: IdText | None
    """Events with the same value belong to the same request, job or command. Null if it is unknown."""
    request_id: str | None
    """The `X-Request-ID` of the request that caused the event, or null."""
    ip_address: str | None
    """The network address of the client, or null."""
    details: dict[str, Any]
    """More about the event: `old` and `new` values by field, the `fields` that have changed, and others."""

    @classmethod
    def of(cls, event: AuditEvent) -> Self:
        return cls(
            id=str(event.id),
            at=event.at,
            level=event.level,
            event=event.name,
            actor_id=_id_text(event.actor_id),
            user_id=_id_text(event.user_id),
            source=event.source.value if event.source else None,
            correlation_id=_id_text(event.correlation_id),
            request_id=event.request_id,
            ip_address=event.ip_address,
            details=dict(event.details),
        )


def _id_text(id: UUID | None) -> str | None:
    return None if id is None else str(id)


@dataclass(slots=True)
class AuditPageView(PageView):
    """A page of security events."""

    items: list[AuditEventView]
    """The events of this page, latest first."""

    @classmethod
    def of(cls, page: Page[AuditEvent]) -> Self:
        return cls.from_page(page, AuditEventView.of)
