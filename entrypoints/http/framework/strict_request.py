"""Bodies with a size limit, and JSON without ambiguities (RFC 8259)."""

import json
import re
from collections import Counter
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from entrypoints.http.framework.context import context_of
from entrypoints.http.framework.http_errors import MalformedJson, PayloadTooLarge, UnsupportedMediaType

_CHARSET: Final = r'\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?'
_MAX_DIGITS: Final = 400
_MAX_LENGTH_DIGITS: Final = 18
_MAX_MEMBERS: Final = 64
"""Several times the number of fields of any body. An object with more is refused as a whole."""


class MediaType:
    """A media type and the parameters that it may have."""

    def __init__(self, name: str, parameters: str = _CHARSET) -> None:
        self.name = name
        self.pattern = re.compile(re.escape(name) + parameters, re.IGNORECASE)


JSON: Final = MediaType("application/json")
FORM: Final = MediaType("application/x-www-form-urlencoded")
MULTIPART: Final = MediaType("multipart/form-data", r"\s*(;.*)?")


class StrictRequest(Request):
    """A request that refuses large bodies before reading them, and JSON that two parsers could read differently."""

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            limit = context_of(self).settings.max_body_bytes
            self.require_size(limit)
            chunks, size = [], 0
            async for chunk in self.stream():
                size += len(chunk)
                if size > limit:
                    raise PayloadTooLarge(f"the body must have at most {limit} bytes")
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    def require_size(self, limit: int) -> None:
        """Check the declared size of the body.

        Raises:
            PayloadTooLarge: The body is declared to be larger than `limit` bytes.
        """
        declared = self.headers.get("content-length", "0")
        if not declared.isdecimal() or len(declared) > _MAX_LENGTH_DIGITS or int(declared) > limit:
            raise PayloadTooLarge(f"the body must have at most {limit} bytes")

    async def json(self) -> Any:
        """Return the parsed body.

        Raises:
            MalformedJson: The body is not valid JSON.
            RequestValidationError: An object has too many members.
        """
        if not hasattr(self, "_value"):
            self._value = parse(await self.body())
        return self._value

    async def require_single_fields(self) -> None:
        """Check that no form field is repeated (RFC 6749, section 3.2).

        Raises:
            RequestValidationError: A field is repeated, or there are too many fields.
        """
        body = await self.body()
        try:
            fields = parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=_MAX_MEMBERS)
        except ValueError:
            raise _too_many() from None
        for name, count in Counter(name for name, _ in fields).items():
            if count > 1:
                raise RequestValidationError(
                    [{"loc": ("body", name), "msg": "the field must not be repeated", "type": "repeated"}]
                )

    @property
    def has_body(self) -> bool:
        """Whether the request declares a body."""
        return self.headers.get("content-length", "0") != "0" or "transfer-encoding" in self.headers

    def require(self, media_type: MediaType) -> None:
        """Check the declared media type of the body.

        Raises:
            UnsupportedMediaType: The media type is missing or another one, or the body has a content coding.
        """
        declared = self.headers.getlist("content-type")
        if len(declared) != 1 or not media_type.pattern.fullmatch(declared[0]):
            raise UnsupportedMediaType(f"the body must be {media_type.name} in UTF-8")
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise UnsupportedMediaType("the body must not have a content coding")


def parse(body: bytes) -> Any:
    """Parse a JSON body.

    Raises:
        MalformedJson: The body is not JSON in UTF-8, or has NaN, Infinity, a repeated key, a byte order mark, lone
            surrogates or too deep nesting.
    """
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
        raise MalformedJson("the body is not valid JSON in UTF-8 (RFC 8259)") from None
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _parse_int(digits: str) -> int | float:
    """Parse an integer. No field accepts very long ones, so infinity is enough to refuse them."""
    return int(digits) if len(digits) <= _MAX_DIGITS else float("inf")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > _MAX_MEMBERS:
        raise _too_many()
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key is repeated")
    return members


def _too_many() -> RequestValidationError:
    return RequestValidationError([{"loc": ("body",), "msg": "too many fields", "type": "too_many_fields"}])
