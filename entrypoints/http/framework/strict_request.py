"""JSON as RFC 8259 has it, in bodies no larger than allowed."""

import json
import re
from collections import Counter
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from entrypoints.http.framework.errors import MalformedJson, PayloadTooLarge, UnsupportedMediaType

_CHARSET: Final = r'\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?'
_MAX_DIGITS: Final = 400
_MAX_LENGTH_DIGITS: Final = 18
_MAX_MEMBERS: Final = 64
"""Several times what any body has; more are not looked at one by one."""


class MediaType:
    def __init__(self, name: str, parameters: str = _CHARSET) -> None:
        self.name = name
        self.pattern = re.compile(re.escape(name) + parameters, re.IGNORECASE)


JSON: Final = MediaType("application/json")
FORM: Final = MediaType("application/x-www-form-urlencoded")
MULTIPART: Final = MediaType("multipart/form-data", r"\s*(;.*)?")


class StrictRequest(Request):
    """Refuses what is too large before reading it, and JSON that two parsers could read differently."""

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            limit: int = self.app.state.settings.max_body_bytes
            self.require_size(limit)
            chunks, size = [], 0
            async for chunk in self.stream():
                size += len(chunk)
                if size > limit:
                    raise PayloadTooLarge(f"a body has at most {limit} bytes")
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    def require_size(self, limit: int) -> None:
        """Raises PayloadTooLarge for a body that is declared larger."""
        declared = self.headers.get("content-length", "0")
        if not declared.isdecimal() or len(declared) > _MAX_LENGTH_DIGITS or int(declared) > limit:
            raise PayloadTooLarge(f"a body has at most {limit} bytes")

    async def json(self) -> Any:
        """Raises MalformedJson, RequestValidationError for an object of more members than any has."""
        if not hasattr(self, "_value"):
            self._value = parse(await self.body())
        return self._value

    async def require_single_fields(self) -> None:
        """Raises RequestValidationError for a form that gives a field twice (RFC 6749, section 3.2), or very many."""
        body = await self.body()
        try:
            fields = parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=_MAX_MEMBERS)
        except ValueError:
            raise _too_many() from None
        for name, count in Counter(name for name, _ in fields).items():
            if count > 1:
                raise RequestValidationError(
                    [{"loc": ("body", name), "msg": "this field is given once", "type": "repeated"}]
                )

    @property
    def has_body(self) -> bool:
        return self.headers.get("content-length", "0") != "0" or "transfer-encoding" in self.headers

    def require(self, media_type: MediaType) -> None:
        """Raises UnsupportedMediaType for a body that is declared as something else, or not at all."""
        declared = self.headers.getlist("content-type")
        if len(declared) != 1 or not media_type.pattern.fullmatch(declared[0]):
            raise UnsupportedMediaType(f"the body is to be {media_type.name} in UTF-8")
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise UnsupportedMediaType("the body is to be sent without content coding")


def parse(body: bytes) -> Any:
    """Raises MalformedJson: also for NaN, Infinity, a key given twice, a byte order mark, lone surrogates,
    nesting too deep to follow, and any encoding but UTF-8."""
    try:
        text = body.decode()
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_int=_parse_int,
            object_pairs_hook=_object,
        )
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise MalformedJson("the body is not JSON in UTF-8 as RFC 8259 has it") from None
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _parse_int(digits: str) -> int | float:
    """No field takes a number so long; its magnitude is all that a refusal needs."""
    return int(digits) if len(digits) <= _MAX_DIGITS else float("inf")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > _MAX_MEMBERS:
        raise _too_many()
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key is given twice")
    return members


def _too_many() -> RequestValidationError:
    return RequestValidationError([{"loc": ("body",), "msg": "there are too many fields", "type": "too_many_fields"}])
