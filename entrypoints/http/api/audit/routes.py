from typing import Annotated

from domain.errors import Forbidden
from entrypoints.http.api.audit.schemas import AuditPageView, ListAuditEventsQuery
from entrypoints.http.api.dependencies import App, CurrentActor
from entrypoints.http.framework.query import QueryParameters
from entrypoints.http.framework.router import Router

router = Router("/api/v1/audit", tag="audit")


@router.get("", errors=[Forbidden])
async def list_audit_events(
    query: Annotated[ListAuditEventsQuery, QueryParameters(ListAuditEventsQuery)], actor: CurrentActor, app: App
) -> AuditPageView:
    """Return the security events of all users, latest first. Only admins may do this."""
    return AuditPageView.of(await app.audit.list(actor, query.to_query()))
