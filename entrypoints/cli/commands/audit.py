from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import typer

from entrypoints.cli.exits import exit_with_error
from entrypoints.cli.setup import run
from entrypoints.cli.terminal.output import JsonOption, print_items, print_json

if TYPE_CHECKING:
    from datetime import datetime

    from domain.identity.user import UserId
    from entrypoints.wiring.services import Services

SHOWN: Final = ("at", "level", "event", "actor_id", "user_id", "ip_address", "details")


def audit(
    user: Annotated[
        str | None, typer.Option("--user", help="Id, username or e-mail address of the actor or the account.")
    ] = None,
    event: Annotated[str | None, typer.Option("--event", help="Name of the event.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Day (UTC) or date-time with offset, inclusive.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Day (UTC) or date-time with offset, exclusive.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Maximum number of events.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List security events, the latest first."""
    from domain.audit.audit_event import AuditEvent
    from domain.audit.audit_query import AuditFilter
    from entrypoints.http.api.audit.schemas import AuditEventView

    async def find(services: "Services") -> list[AuditEvent]:
        user_id = None if user is None else await _find_user(services, user)
        filter = AuditFilter(user_id=user_id, event=event, since=_instant(since), until=_instant(until))
        return await services.audit_search.find(filter, limit=limit)

    events = [AuditEventView.of(found) for found in run(find)]
    if as_json:
        print_json({"items": events})
    else:
        print_items(events, SHOWN)


async def _find_user(services: "Services", name: str) -> "UserId":
    """Return the id that the text is, also of an erased user, or the id of the user with this login."""
    from domain.identity.user import UserId

    try:
        return UserId(UUID(name))
    except ValueError:
        pass
    user_id = await services.audit_search.find_user(name)
    if user_id is None:
        exit_with_error("no user has this name or e-mail address; give the id of an erased user")
    return user_id


def _instant(text: str | None) -> "datetime | None":
    from datetime import UTC

    from domain.calendar import parse_date_or_datetime, start_instant

    return None if text is None else start_instant(parse_date_or_datetime(text), UTC)
