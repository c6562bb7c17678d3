from typing import Annotated

from domain.errors import Forbidden
from entrypoints.http.api.audit import examples
from entrypoints.http.api.audit.schemas import AuditPageView, ListAuditEventsQuery
from entrypoints.http.api.dependencies import App, CurrentActor
from entrypoints.http.framework.query import QueryParameters
from entrypoints.http.framework.router import Router

router = Router("/api/v1/audit", tag="audit")


@router.get("", errors=[Forbidden], example=examples.LIST_AUDIT_EVENTS)
async def list_audit_events(
    query: Annotated[ListAuditEventsQuery, QueryParameters(ListAuditEventsQuery)], actor: CurrentActor, app: App
) -> AuditPageView:
    """List security events.

    For admins. Returns the security events of all users that meet all filters, latest first: logins, failed logins,
    changes of passwords, roles and accounts, and others.

    Returns:
        A page of security events.
    """
    return AuditPageView.of(await app.audit.list(actor, query.to_query()))
