"""Idempotent writes: a request with an idempotency key takes effect once (IETF Idempotency-Key header, draft 07)."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Generic, NoReturn, Protocol, TypeVar

from application.platform.clock import Clock
from application.platform.unit_of_work import UnitOfWork
from domain.errors import Conflict, DomainError, UserNotFound
from domain.identity.user import UserId

MAX_AGE: Final = timedelta(hours=24)
"""How long a stored response is replayed."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Identifies a request, however often the client sends it."""

    user_id: UserId
    operation: str
    key: str


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """A stored response and the request that it belongs to."""

    request: RequestKey
    fingerprint: bytes
    """A digest of the content of the request."""
    payload: bytes = field(repr=False)
    """The response, in the format of the entrypoint that made it. Empty if it was erased with its subject."""
    expires_at: datetime
    subject_id: UserId | None = None
    """The user whose data the payload contains, if this is not the user who sent the request."""


class AlreadyExecuted(Exception):
    """The request took effect before. The stored response must be replayed."""

    def __init__(self, record: IdempotencyRecord) -> None:
        super().__init__("the request was executed before")
        self.record = record


class IdempotencyKeyInUse(Conflict):
    """The first request with this key has not finished yet."""

    code = "IDEMPOTENCY_KEY_IN_USE"

    def __init__(self) -> None:
        super().__init__("a request with this idempotency key is still running; try again")


class IdempotencyKeyReused(DomainError):
    """The client used the key of an earlier request for a different one."""

    code = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__("this idempotency key was used for a request with other content")


class IdempotencyRecords(Protocol):
    """Stored responses. Each is stored in the transaction of its effect and removed with its user.

    The removal of the subject of a record leaves the record with an empty payload and without a subject, so that a
    repeated request does not take effect again.
    """

    async def add(self, record: IdempotencyRecord, now: datetime) -> None:
        """Store a record, or replace an expired one.

        Raises:
            AlreadyExecuted: A record with this key exists.
            IdempotencyKeyInUse: Another unit of work is adding a record with this key. An adapter may wait instead.
            UserNotFound: There is no such user.
        """
        ...

    async def find(self, request: RequestKey, now: datetime) -> IdempotencyRecord | None:
        """Return the record of a request, or None if there is none or it has expired."""
        ...

    async def remove_expired(self, now: datetime, *, limit: int) -> int:
        """Delete up to `limit` expired records of all users. Return the number deleted."""
        ...


class IdempotencyUnitOfWork(UnitOfWork, Protocol):
    """The repository that idempotent writes need."""

    @property
    def idempotency(self) -> IdempotencyRecords:
        """Stored responses."""
        ...


@dataclass(frozen=True, slots=True)
class IdempotentWrite(Generic[T]):
    """A write that takes effect once. The use case stores the response together with the effect."""

    request: RequestKey
    fingerprint: bytes
    now: datetime
    to_payload: Callable[[T], bytes]

    async def require_new(self, uow: IdempotencyUnitOfWork) -> None:
        """Check that the request did not take effect before. Check the rights of the caller first.

        Raises:
            AlreadyExecuted: The request took effect before. Nothing must be written.
            IdempotencyKeyReused: The key belongs to a request with other content.
            UserNotFound: The request took effect before, and the user in its response was removed since.
        """
        if (record := await uow.idempotency.find(self.request, self.now)) is not None:
            self._refuse(record)

    async def store(self, uow: IdempotencyUnitOfWork, result: T, *, subject_id: UserId | None = None) -> None:
        """Store the response to this request in the unit of work of its effect. Check the rights of the caller first.

        Args:
            uow: The unit of work of the effect. Nothing was written in it yet.
            result: The result of the use case.
            subject_id: The user whose data the result contains, if this is not the caller.

        Raises:
            AlreadyExecuted: The request took effect before. Nothing must be written.
            IdempotencyKeyInUse: The first request with this key has not finished yet.
            IdempotencyKeyReused: The key belongs to a request with other content.
            UserNotFound: The caller was removed. Or the request took effect before, and the user in its response was
                removed since.
        """
        await self.require_new(uow)
        payload, expires_at = self.to_payload(result), self.now + MAX_AGE
        record = IdempotencyRecord(self.request, self.fingerprint, payload, expires_at, subject_id)
        try:
            await uow.idempotency.add(record, self.now)
        except AlreadyExecuted as error:
            self._refuse(error.record)

    def _refuse(self, stored: IdempotencyRecord) -> NoReturn:
        if stored.fingerprint != self.fingerprint:
            raise IdempotencyKeyReused
        if not stored.payload:
            raise UserNotFound
        raise AlreadyExecuted(stored)


class IdempotencyService:
    """Prepare idempotent writes.

    The storage holds only a hash of each key, and a digest of the content that is keyed with the key itself. A body may
    contain a password: a reader of the storage who does not know the key cannot test guesses.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def write(self, request: RequestKey, fingerprint: bytes, to_payload: Callable[[T], bytes]) -> IdempotentWrite[T]:
        """Return the idempotent write for a request.

        Args:
            request: The key of the request.
            fingerprint: A digest of its content.
            to_payload: Makes the response from the result of the use case, as bytes.
        """
        return IdempotentWrite(_hash_key(request), _keyed_digest(request, fingerprint), self._clock.now(), to_payload)


def _hash_key(request: RequestKey) -> RequestKey:
    return replace(request, key=sha256(request.key.encode()).hexdigest())


def _keyed_digest(request: RequestKey, fingerprint: bytes) -> bytes:
    return hmac.digest(request.key.encode(), fingerprint, "sha256")
