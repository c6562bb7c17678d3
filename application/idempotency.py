"""Requests that happen once however often they are sent (IETF draft-ietf-httpapi-idempotency-key-header-07)."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Generic, TypeVar

from application.ports.clock import Clock
from application.ports.idempotency import AlreadyAnswered, Answer, IdempotencyRecord, RequestKey
from application.ports.storage import UnitOfWork, UnitOfWorkFactory
from application.retry import retried
from domain.errors import DomainError

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

    async def keep(self, uow: UnitOfWork, result: T) -> None:
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

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
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
