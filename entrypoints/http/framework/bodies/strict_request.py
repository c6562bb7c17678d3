"""Bodies with a size limit. What they contain is checked without ambiguities."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.types import Receive, Scope

from entrypoints.http.framework.bodies import strict_json
from entrypoints.http.framework.context import context_of
from entrypoints.http.framework.cookies import parse_cookies
from entrypoints.http.framework.http_errors import PayloadTooLarge, UnsupportedMediaType

SMALL_BODY: Final = 16 * 1024
"""Bytes: several times the largest valid body of most routes, even if each character is escaped."""
HEAVY_BODY: Final = 32 * 1024
"""Bytes: parsing and validating a larger body may take more than 20 ms, so a thread does it."""

_NAME: Final = r"[!#$%&'*+.^_`|~0-9a-z-]+"
_OTHER: Final = rf'(?!charset[ \t=]){_NAME}=({_NAME}|"[^"\\\x00-\x1f]*")'
_PARAMETERS: Final = rf'[ \t]*(;[ \t]*((charset[ \t]*=[ \t]*"?utf-8"?|{_OTHER})[ \t]*)?)*'
"""Unknown parameters are ignored (RFC 9110, section 8.3.1). Each charset must be UTF-8."""
_MAX_LENGTH_DIGITS: Final = 18
_MAX_MEDIA_TYPE: Final = 256
"""Characters of Content-Type. The longest boundary has 70."""

_heavy_bodies = ThreadPoolExecutor(max_workers=1, thread_name_prefix="heavy-bodies")
"""One thread for the whole process: more would only compete for the interpreter lock. It starts at the first use."""


class MediaType:
    """A media type and the parameters that it may have."""

    def __init__(self, name: str, parameters: str = _PARAMETERS) -> None:
        self.name = name
        self.pattern = re.compile(re.escape(name) + parameters, re.IGNORECASE)


JSON: Final = MediaType("application/json")
FORM: Final = MediaType("application/x-www-form-urlencoded")
MULTIPART: Final = MediaType("multipart/form-data", r"\s*(;.*)?")


class StrictRequest(Request):
    """A request that refuses large bodies before reading them, and JSON that two parsers could read differently."""

    def __init__(self, scope: Scope, receive: Receive, max_body: int | None = None) -> None:
        """Create the request. MAX_BODY_BYTES limits the body if it is lower than `max_body`, or if this is None."""
        super().__init__(scope, receive)
        self._max_body = max_body

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies. FastAPI reads them for each request."""
        return parse_cookies(self)

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            limit = context_of(self).settings.max_body_bytes
            limit = limit if self._max_body is None else min(limit, self._max_body)
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

    async def parse_json(self, validate: Callable[[Any], Any]) -> None:
        """Parse the body. A heavy body is also validated here, in a thread.

        Raises:
            MalformedJson: The body is not valid JSON.
            PayloadTooLarge: The body has too many bytes or values.
            RequestValidationError: An object has too many members, or a heavy body is invalid.
        """
        body = await self.body()
        if len(body) <= HEAVY_BODY:
            self._value = strict_json.parse(body)
        else:
            loop = asyncio.get_running_loop()
            self._value = await loop.run_in_executor(_heavy_bodies, lambda: validate(strict_json.parse(body)))

    async def json(self) -> Any:
        """Return the parsed body. FastAPI accepts one that is validated already."""
        return self._value

    async def require_single_fields(self) -> None:
        """Check that no form field is repeated (RFC 6749, section 3.2).

        Raises:
            RequestValidationError: A field is repeated, or there are too many fields.
        """
        body = await self.body()
        try:
            fields = parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=strict_json.MAX_MEMBERS)
        except ValueError:
            raise strict_json.too_many_fields() from None
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
        if len(declared) != 1 or len(declared[0]) > _MAX_MEDIA_TYPE or not media_type.pattern.fullmatch(declared[0]):
            raise UnsupportedMediaType(f"the body must be {media_type.name} in UTF-8")
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise UnsupportedMediaType("the body must not have a content coding")
