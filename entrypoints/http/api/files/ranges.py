"""Range requests (RFC 9110, section 14) for one range of bytes. Other Range headers are ignored, as the RFC allows."""

import re
from typing import Final

from starlette.requests import Request

from entrypoints.http.framework.http_errors import HttpError

_RANGE: Final = re.compile(r"bytes=[ \t]*(\d*)-(\d*)[ \t]*", re.ASCII | re.IGNORECASE)
_MAX_DIGITS: Final = 18
_LARGE_POSITION: Final = 10**18
"""Stands for all numbers with more digits; greater than any file size."""


class RangeNotSatisfiable(HttpError, status=416, code="RANGE_NOT_SATISFIABLE"):
    """The requested range contains no byte of the file."""

    def __init__(self, size: int) -> None:
        super().__init__("the range does not overlap the file", {"Content-Range": f"bytes */{size}"})


def parse_range(request: Request, size: int, tag: str) -> tuple[int, int] | None:
    """Return the requested range as start (inclusive) and end (exclusive), or None for the whole file.

    Raises:
        RangeNotSatisfiable: The range contains no byte of the file.
    """
    fields, conditions = request.headers.getlist("range"), request.headers.getlist("if-range")
    match = _RANGE.fullmatch(fields[0]) if len(fields) == 1 else None
    if match is None or (conditions and conditions != [tag]):
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        start, end = max(size - _number(last), 0), size
    elif last and _number(last) < _number(first):
        return None
    else:
        start, end = _number(first), min(_number(last) + 1, size) if last else size
    if start >= size:
        raise RangeNotSatisfiable(size)
    return start, end


def _number(digits: str) -> int:
    return int(digits) if len(digits) <= _MAX_DIGITS else _LARGE_POSITION
