"""Test doubles for ports that are random, slow or remote: deterministic, fast and observable."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from application.identity.security import AccessToken, Claims
from application.jobs.ports import Job, Outcome
from application.platform.mail import Mail, MailNotSent
from domain.audit.audit_event import AuditEvent
from domain.errors import InvalidToken
from domain.identity.session import SessionId
from domain.identity.user import UserId
from tests.support.builders import NOW


class SettableClock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time


class CountedIds:
    """Returns UUIDs version 7, each greater than the previous one."""

    def __init__(self, first: int) -> None:
        self._next = first

    def __call__(self) -> UUID:
        self._next += 1
        return UUID(int=self._next << 80 | 0x7 << 76 | 0b10 << 62)


class CountedSecrets:
    def __init__(self, first: int) -> None:
        self._next = first

    def __call__(self) -> bytes:
        self._next += 1
        return self._next.to_bytes(16) * 2  # both halves differ from those of other secrets


class PlainHasher:
    """Returns the effort and the password itself as the hash."""

    def __init__(self) -> None:
        self.effort = 1
        self.hashed = 0
        self.verified = 0

    async def hash(self, password: str) -> str:
        self.hashed += 1
        return f"{self.effort}:{password}"

    async def verify(self, password: str, password_hash: str | None) -> bool:
        self.verified += 1
        return password_hash is not None and password_hash.partition(":")[2] == password

    def is_outdated(self, password_hash: str) -> bool:
        return int(password_hash.partition(":")[0]) < self.effort


class PlainTokens:
    def issue(self, claims: Claims, at: datetime) -> AccessToken:
        return AccessToken(f"{claims.user_id} {claims.session_id}", 900)

    def verify(self, text: str, at: datetime) -> Claims:
        try:
            user_id, session_id = map(UUID, text.split(" "))
        except ValueError:
            raise InvalidToken from None
        return Claims(UserId(user_id), SessionId(session_id))


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.is_down = False

    async def send(self, mail: Mail) -> None:
        if self.is_down:
            raise MailNotSent("the mail server is down")
        self.mails.append(mail)

    @property
    def reset_tokens(self) -> list[str]:
        """The tokens of all mailed links, in order."""
        return [mail.text.partition("token=")[2].split()[0] for mail in self.mails if "token=" in mail.text]


@dataclass
class AuditTrail:
    records: list[AuditEvent] = field(default_factory=list)
    events: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    warnings: set[str] = field(default_factory=set)

    def record(self, event: AuditEvent) -> None:
        self.records.append(event)
        who = {"user_id": event.user_id, "actor_id": event.actor_id, "ip_address": event.ip_address}
        self.events.append((event.name, {k: v for k, v in who.items() if v is not None} | dict(event.details)))
        if event.is_suspicious:
            self.warnings.add(event.name)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.events]


@dataclass
class Attempts:
    """Records the outcome of each attempt at a job."""

    outcomes: list[tuple[str, Outcome]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def attempt_finished(self, job: Job, outcome: Outcome, seconds: float, error: Exception | None) -> None:
        self.outcomes.append((job.kind, outcome))

    def worker_error(self, error: Exception) -> None:
        self.errors.append(error)


class RecordingHealthMonitor:
    """Record which dependency failed with which message, or recovered."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def dependency_failed(self, name: str, error: Exception) -> None:
        self.events.append((name, str(error)))

    def dependency_recovered(self, name: str) -> None:
        self.events.append((name, "recovered"))
