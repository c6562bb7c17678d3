import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Generic, Protocol, TypeVar

from application.platform.clock import Clock
from application.platform.retry import retried
from application.platform.unit_of_work import UnitOfWork
from domain.errors import Conflict, DomainError
from domain.identity.user import UserId


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


class IdempotencyUnitOfWork(UnitOfWork, Protocol):
    """The repository that idempotent writes need."""

    @property
    def idempotency(self) -> IdempotencyRecords: ...


KEPT_FOR: Final = timedelta(hours=24)


T = TypeVar("T")


class IdempotencyKeyReused(DomainError):
    code = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__("the key belongs to a request that asked for something else")


@dataclass(frozen=True, slots=True)
class Once(Generic[T]):
    """Handed to a use case that is to happen once: its result is kept, as `answer` tells it, with its effect."""

    request: RequestKey
    fingerprint: bytes
    now: datetime
    answer: Callable[[T], Answer]

    async def keep(self, uow: IdempotencyUnitOfWork, result: T) -> None:
        """Raises AlreadyAnswered, IdempotencyKeyInUse, IdempotencyKeyReused: then nothing is to be written."""
        record = IdempotencyRecord(self.request, self.fingerprint, self.answer(result), self.now + KEPT_FOR)
        try:
            await uow.idempotency.add(record, self.now)
        except AlreadyAnswered as found:
            _require_same(found.record, self.fingerprint)
            raise


class IdempotencyService:
    """What is stored names the key by its hash, and the request by one keyed with it: a body may hold a password, and
    whoever reads the storage, but does not know the key, is not to try out which."""

    def __init__(self, unit_of_work: Callable[[], IdempotencyUnitOfWork], clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    def once(self, request: RequestKey, fingerprint: bytes, answer: Callable[[T], Answer]) -> Once[T]:
        return Once(_hidden(request), _keyed(request, fingerprint), self._clock.now(), answer)

    async def find(self, request: RequestKey, fingerprint: bytes) -> Answer | None:
        """What was answered before, if so. Raises IdempotencyKeyReused."""
        record = await self._find(_hidden(request))
        if record is None:
            return None
        _require_same(record, _keyed(request, fingerprint))
        return record.answer

    @retried
    async def _find(self, request: RequestKey) -> IdempotencyRecord | None:
        async with self._unit_of_work() as uow:
            return await uow.idempotency.find(request, self._clock.now())


def _hidden(request: RequestKey) -> RequestKey:
    return replace(request, key=sha256(request.key.encode()).hexdigest())


def _keyed(request: RequestKey, fingerprint: bytes) -> bytes:
    return hmac.digest(request.key.encode(), fingerprint, "sha256")


def _require_same(record: IdempotencyRecord, fingerprint: bytes) -> None:
    """Raises IdempotencyKeyReused if something else was asked for."""
    if record.fingerprint != fingerprint:
        raise IdempotencyKeyReused
