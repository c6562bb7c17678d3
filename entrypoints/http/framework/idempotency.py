"""`Idempotency-Key` (IETF draft-ietf-httpapi-idempotency-key-header-07)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Annotated, Any, Final, Self, TypeVar, cast

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from application.identity.sessions import Caller
from application.platform.idempotency import Answer, IdempotencyService, Once, RequestKey
from entrypoints.http.framework.errors import InvalidIdempotencyKey
from entrypoints.http.framework.inject import Taken

PATTERN: Final = "^[!-~]{1,255}$"
_KEY: Final = re.compile(PATTERN.strip("^$"))

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """One that names itself, so that it happens once."""

    key: RequestKey
    service: IdempotencyService
    fingerprint: bytes = b""

    async def answered(self) -> Response | None:
        """What it was answered before. Raises IdempotencyKeyReused."""
        answer = await self.service.find(self.key, self.fingerprint)
        return None if answer is None else replayed(answer)

    def asking(self, *parts: bytes) -> Self:
        """For what these say."""
        return replace(self, fingerprint=_fingerprint_of(parts))

    def once(self, answer: Callable[[T], Answer]) -> Once[T]:
        return self.service.once(self.key, self.fingerprint, answer)


def keyed(request: Request, caller: Caller) -> KeyedRequest | None:
    """Raises InvalidIdempotencyKey."""
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise InvalidIdempotencyKey("an idempotency key is 1 to 255 visible characters of ASCII, given once")
    key = RequestKey(caller.actor.user_id, f"{request.method} {request.scope['path']}", keys[0])
    return KeyedRequest(key, request.app.state.container.idempotency_service())


def _fingerprint_of(parts: Iterable[bytes]) -> bytes:
    """Each part told from the next."""
    digest = sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8) + part)
    return digest.digest()


def replayed(answer: Answer) -> Response:
    headers = {**answer.headers, "Idempotency-Replayed": "true"}
    return Response(answer.body, answer.status, headers, media_type="application/json")


def created(view: object, adapter: TypeAdapter[Any], **headers: str) -> Answer:
    """201 with this view; underscores in names of headers stand for hyphens."""
    return Answer(201, {name.replace("_", "-"): value for name, value in headers.items()}, adapter.dump_json(view))


def keyed_request(request: Request) -> KeyedRequest | None:
    """A route that depends on this takes `Idempotency-Key`."""
    return cast(KeyedRequest | None, request.state.keyed)


Keyed = Annotated[KeyedRequest | None, Taken(keyed_request)]
