from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from domain.errors import Conflict
from domain.user import UserId


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What a client calls one request, however often it has to send it."""

    user_id: UserId
    operation: str
    key: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client was told, in the words of whoever told it."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    request: RequestKey
    fingerprint: bytes
    """Of what was asked."""
    answer: Answer
    expires_at: datetime


class AlreadyAnswered(Exception):
    """Nothing is to be done again."""

    def __init__(self, record: IdempotencyRecord) -> None:
        super().__init__("the request was answered before")
        self.record = record


class IdempotencyKeyInUse(Conflict):
    code = "IDEMPOTENCY_KEY_IN_USE"

    def __init__(self) -> None:
        super().__init__("a request with this key is under way; try again")


class IdempotencyRecords(Protocol):
    """Answers that are given again, kept in the transaction that made them. They go with their user."""

    async def add(self, record: IdempotencyRecord, now: datetime) -> None:
        """In place of one that has expired.

        Raises AlreadyAnswered; IdempotencyKeyInUse, or waits, while another unit of work adds one of this key.
        """
        ...

    async def find(self, request: RequestKey, now: datetime) -> IdempotencyRecord | None:
        """Unless it has expired."""
        ...

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        """Of everybody, up to `limit`; how many."""
        ...
