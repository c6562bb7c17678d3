from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Literal, NewType, Self
from uuid import UUID

from domain.identity.user import UserId

AuditEventId = NewType("AuditEventId", UUID)


class Source(StrEnum):
    """What runs use cases."""

    REQUEST = "request"
    JOB = "job"
    COMMAND = "command"
    """A command of the operator, who has no account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """A security event: who did what to which account, and from where. It never changes and outlives the accounts."""

    ERASURE: ClassVar = "user_erased"
    """The name of the event of an erased account. It keeps the address, as evidence of who erased the account."""

    id: AuditEventId
    at: datetime
    name: str
    is_suspicious: bool = False
    """Whether the event may be part of an attack."""
    actor_id: UserId | None = None
    """The authenticated user who acts; None for an anonymous client and for the operator."""
    user_id: UserId | None = None
    """The account that the event is about."""
    source: Source | None = None
    correlation_id: UUID | None = None
    """Identifies the request, the job or the command. This service creates it, so that no client can choose it."""
    request_id: str | None = None
    """The request id of the response, which the client may have chosen."""
    ip_address: str | None = None
    """The address of the client, if it is known."""
    details: Mapping[str, Any]
    """Other values by name, as JSON has them: no personal data, no password, no token."""

    @property
    def level(self) -> Literal["info", "warning"]:
        """The level in the log."""
        return "warning" if self.is_suspicious else "info"

    def is_address_erased_with(self, user_id: UserId) -> bool:
        """Return whether the address is erased with a user: the user acts, or an anonymous client on the account.

        The event of the erasure itself keeps it.
        """
        is_of_user = self.actor_id == user_id or (self.actor_id is None and self.user_id == user_id)
        return is_of_user and self.name != self.ERASURE

    def without_address(self) -> Self:
        """Return the event without the address of the client."""
        return replace(self, ip_address=None)
