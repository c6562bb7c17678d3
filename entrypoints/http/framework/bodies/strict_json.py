"""JSON without ambiguities (RFC 8259), and without more values or nesting than any valid body has."""

import json
import re
from itertools import accumulate
from typing import Any, Final, NoReturn

from fastapi.exceptions import RequestValidationError

from entrypoints.http.framework.http_errors import MalformedJson, PayloadTooLarge

MAX_DEPTH: Final = 128
"""Levels of arrays and objects. Valid bodies have at most 4."""
MAX_VALUES: Final = 12_000
"""Members of all objects and elements of all arrays together: a batch of tasks, each with all fields and many tags."""
MAX_MEMBERS: Final = 64
"""Members of one object: several times the number of fields of any body. An object with more is refused as a whole."""

_MAX_DIGITS: Final = 400
_BYTES_PER_VALUE: Final = 2
"""The least that a value has: itself, and the bracket or comma before it. An empty array or object has its brackets."""
_QUOTES_PER_VALUE: Final = 4
"""The most that a value has: those of the name and of the text of a member."""
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEPS: Final = {**dict.fromkeys(b"[{", 1), **dict.fromkeys(b"]}", -1)}
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def parse(body: bytes) -> Any:
    """Parse a JSON body.

    Raises:
        MalformedJson: The body is not JSON in UTF-8, or has NaN, Infinity, a repeated key, a byte order mark, lone
            surrogates or more than MAX_DEPTH levels.
        PayloadTooLarge: The body has more than MAX_VALUES values.
        RequestValidationError: An object has more than MAX_MEMBERS members.
    """
    check_structure(body)
    try:
        text = body.decode()
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_int=_parse_int,
            object_pairs_hook=_object,
        )
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise _malformed() from None
    return value


def check_structure(body: bytes, *, max_values: int = MAX_VALUES, max_depth: int = MAX_DEPTH) -> None:
    """Count the values and the levels of a body before objects are built, which take up to 40 times its memory.

    Brackets, commas and quotes are counted, so that an empty array or object counts as one value more. A body that is
    too small or has too few brackets to exceed a limit is not examined.

    Raises:
        MalformedJson: The body has more than `max_depth` levels.
        PayloadTooLarge: The body has more than `max_values` values.
    """
    may_be_deep = body.count(b"[") + body.count(b"{") > max_depth
    may_be_many = len(body) > _BYTES_PER_VALUE * max_values
    if not may_be_deep and not may_be_many:
        return
    unescaped = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if unescaped.count(b'"') > _QUOTES_PER_VALUE * (max_values + 1):
        raise _too_many(max_values)
    outside_texts = b"".join(unescaped.split(b'"')[::2])
    brackets = outside_texts.translate(None, _NOT_BRACKETS)
    if max(accumulate(map(_STEPS.__getitem__, brackets[: 2 * max_values])), default=0) > max_depth:
        raise _malformed()
    if outside_texts.count(b",") + brackets.count(b"[") + brackets.count(b"{") > max_values:
        raise _too_many(max_values)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _parse_int(digits: str) -> int | float:
    """Parse an integer. No field accepts very long ones, so infinity is enough to refuse them."""
    return int(digits) if len(digits) <= _MAX_DIGITS else float("inf")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_MEMBERS:
        raise too_many_fields()
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key is repeated")
    return members


def too_many_fields() -> RequestValidationError:
    return RequestValidationError([{"loc": ("body",), "msg": "too many fields", "type": "too_many_fields"}])


def _malformed() -> MalformedJson:
    return MalformedJson("the body is not valid JSON in UTF-8 (RFC 8259)")


def _too_many(max_values: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"the body must have at most {max_values} values")
