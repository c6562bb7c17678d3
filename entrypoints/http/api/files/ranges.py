"""Parts of a representation (RFC 9110, section 14): one range of bytes; any other wish is passed over."""

import re
from typing import Final

from starlette.requests import Request

from entrypoints.http.framework.errors import HttpError

_RANGE: Final = re.compile(r"bytes=[ \t]*(\d*)-(\d*)[ \t]*", re.ASCII | re.IGNORECASE)
_BEYOND: Final = 10**18
_DIGITS: Final = 18


class RangeNotSatisfiable(HttpError):
    status = 416
    code = "RANGE_NOT_SATISFIABLE"

    def __init__(self, size: int) -> None:
        super().__init__("there is nothing in this range", {"Content-Range": f"bytes */{size}"})


def range_in(request: Request, size: int, tag: str) -> tuple[int, int] | None:
    """The first byte wanted and the one after the last; None where all are.

    Raises RangeNotSatisfiable if there are none of those wanted.
    """
    fields, conditions = request.headers.getlist("range"), request.headers.getlist("if-range")
    found = _RANGE.fullmatch(fields[0]) if len(fields) == 1 else None
    if found is None or (conditions and conditions != [tag]):
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:
        wanted = (max(size - _number(last), 0), size)
    elif last and _number(last) < _number(first):
        return None
    else:
        wanted = (_number(first), min(_number(last) + 1, size) if last else size)
    if wanted[0] >= size:
        raise RangeNotSatisfiable(size)
    return wanted


def _number(digits: str) -> int:
    return int(digits) if len(digits) <= _DIGITS else _BEYOND
