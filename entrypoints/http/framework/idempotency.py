"""The Idempotency-Key field (IETF draft-ietf-httpapi-idempotency-key-header-07)."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, Self, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from application.identity.sessions import AuthenticatedCaller
from application.platform.idempotency import IdempotencyService, IdempotentWrite, RequestKey
from entrypoints.http.framework.context import context_of
from entrypoints.http.framework.http_errors import InvalidIdempotencyKey

PATTERN: Final = "^[!-~]{1,255}$"
_KEY: Final = re.compile(PATTERN.strip("^$"))

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The response to the first request with a key."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def encode(self) -> bytes:
        """Return the response as one line of JSON with status and headers, followed by the body."""
        head = json.dumps({"status": self.status, "headers": dict(self.headers)})
        return head.encode() + b"\n" + self.body

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Return the response that `encode` made these bytes from."""
        head, _, body = payload.partition(b"\n")
        return cls(**json.loads(head), body=body)


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request to a route that accepts an idempotency key."""

    key: RequestKey | None
    """None if the client sent no key."""
    service: IdempotencyService
    to_response: Callable[[Any], StoredResponse]
    """Returns the response of the route with a view."""
    fingerprint: bytes = b""

    def with_content(self, *parts: bytes) -> Self:
        """Return the request with the fingerprint of its content."""
        return replace(self, fingerprint=_fingerprint_of(parts))

    def write(self, to_view: Callable[[T], object]) -> IdempotentWrite[T] | None:
        """Return the idempotent write that stores the response with the view of a result; None without a key."""
        if self.key is None:
            return None
        return self.service.write(self.key, self.fingerprint, lambda result: self.to_response(to_view(result)).encode())


def parse_idempotency_key(request: Request, caller: AuthenticatedCaller) -> RequestKey | None:
    """Return the key of a request, or None without a key.

    Raises:
        InvalidIdempotencyKey: The field is malformed or repeated.
    """
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise InvalidIdempotencyKey("Idempotency-Key must be given once, with 1 to 255 visible ASCII characters")
    return RequestKey(caller.actor.user_id, f"{request.method} {request.scope['path']}", keys[0])


def _fingerprint_of(parts: Iterable[bytes]) -> bytes:
    digest = sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8) + part)  # the length separates the parts
    return digest.digest()


def replay(payload: bytes) -> Response:
    """Return a stored response, marked as replayed."""
    stored = StoredResponse.decode(payload)
    headers = {**stored.headers, "Idempotency-Replayed": "true"}
    return Response(stored.body, stored.status, headers, media_type="application/json")


def idempotent_request(request: Request) -> IdempotentRequest:
    """Return the idempotent request. A route with this parameter accepts Idempotency-Key."""
    idempotent = context_of(request).idempotent
    assert idempotent is not None
    return idempotent
