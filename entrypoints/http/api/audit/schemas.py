from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field

from application.audit.service import ListAuditEvents
from application.platform.paging import Page
from domain.audit.audit_event import AuditEvent
from domain.audit.audit_query import AuditFilter
from entrypoints.http.schemas.fields import DateOrDatetimeText, IdText, OwnerId
from entrypoints.http.schemas.paging import PageQuery, PageView


class ListAuditEventsQuery(PageQuery):
    user_id: OwnerId | None = Field(None, description="the user who acts, or whom the event is about")
    event: Annotated[str, Field(pattern=f"^{AuditFilter.EVENT_NAME}$")] | None = Field(
        None, description="the name of the event, for example `login_failed`"
    )
    since: DateOrDatetimeText | None = Field(None, description="inclusive; a day starts in your time zone")
    until: DateOrDatetimeText | None = Field(None, description="exclusive; a day starts in your time zone")

    def to_query(self) -> ListAuditEvents:
        return ListAuditEvents(
            user_id=self.user_id, event=self.event, since=self.since, until=self.until, paging=self.to_paging()
        )


@dataclass(slots=True)
class AuditEventView:
    id: IdText
    at: datetime
    level: Annotated[Literal["info", "warning"], Field(description="`warning` if it may be part of an attack")]
    event: str
    actor_id: Annotated[IdText | None, Field(description="The authenticated user who acts.")]
    user_id: Annotated[IdText | None, Field(description="The account that the event is about.")]
    source: Literal["request", "job", "command"] | None
    correlation_id: Annotated[IdText | None, Field(description="The request, the job or the command.")]
    request_id: Annotated[str | None, Field(description="`X-Request-ID` of the response.")]
    ip_address: str | None
    details: Annotated[
        dict[str, Any],
        Field(description="`old` and `new` values by field, `fields` that changed, and others by event."),
    ]

    @classmethod
    def of(cls, event: AuditEvent) -> Self:
        return cls(
            id=str(event.id),
            at=event.at,
            level="warning" if event.is_suspicious else "info",
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
    items: list[AuditEventView]

    @classmethod
    def of(cls, page: Page[AuditEvent]) -> Self:
        return cls.from_page(page, AuditEventView.of)
