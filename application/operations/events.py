from dataclasses import dataclass
from typing import ClassVar

from application.platform.events import Event
from domain.identity.user import UserId


@dataclass(frozen=True, slots=True)
class AccountExported(Event):
    """A user started an export of all data of an account."""

    name: ClassVar = "account_exported"
    actor_id: UserId
    user_id: UserId


@dataclass(frozen=True, slots=True)
class ArchiveUsed(Event):
    """The operator copied all data into an archive, or from one."""

    file: str
    """The name of the archive without its folder."""
    revision: str


@dataclass(frozen=True, slots=True)
class BackedUp(ArchiveUsed):
    """The archive is complete. It does not contain this event."""

    name: ClassVar = "backed_up"


@dataclass(frozen=True, slots=True)
class Restored(ArchiveUsed):
    """The database and the file store contain what the archive contains."""

    name: ClassVar = "restored"
