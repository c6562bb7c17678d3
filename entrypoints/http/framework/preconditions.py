"""Conditional requests (RFC 9110, sections 8.8.3 and 13). An entity tag is a version in quotes."""

import re
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from entrypoints.http.framework.context import context_of
from entrypoints.http.framework.http_errors import HttpError

_TAG: Final = r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"'
_ONE: Final = re.compile(_TAG)
_LIST: Final = re.compile(rf"[ \t,]*{_TAG}[ \t]*(,[ \t]*({_TAG}[ \t]*)?)*")
_VERSION: Final = re.compile(r"[1-9]\d{0,17}", re.ASCII)
PATTERN: Final = r'^(\*|(W/)?"[!#-~]*"(, (W/)?"[!#-~]*")*)$'
"""The pattern of the fields in the OpenAPI document."""


class InvalidPrecondition(HttpError, status=HTTPStatus.BAD_REQUEST, code="INVALID_PRECONDITION"):
    """If-Match or If-None-Match is malformed."""


class PreconditionRequired(HttpError, status=HTTPStatus.PRECONDITION_REQUIRED, code="PRECONDITION_REQUIRED"):
    """If-Match is missing although the settings require it."""


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def expected_versions(request: Request) -> frozenset[int] | None:
    """Return the versions in If-Match. A route with this parameter accepts If-Match."""
    return context_of(request).expected_versions


def parse_if_match(request: Request, *, is_required: bool) -> frozenset[int] | None:
    """Return the versions in If-Match; None if any version matches.

    Raises:
        InvalidPrecondition: The field is malformed.
        PreconditionRequired: The field is missing, but required.
    """
    fields = request.headers.getlist("if-match")
    if not fields:
        if is_required:
            raise PreconditionRequired("If-Match with the version to change is required")
        return None
    field = ",".join(fields)
    if field.strip() == "*":
        return None
    strong = (tag for is_weak, tag in _tags(field) if not is_weak)
    return frozenset(int(tag) for tag in strong if _VERSION.fullmatch(tag))


def not_modified_or(request: Request, response: Response) -> Response:
    """Return 304 if the client already has this version, otherwise the response.

    Raises:
        InvalidPrecondition: If-None-Match is malformed.
    """
    current = response.headers["etag"]
    if request.method in ("GET", "HEAD") and is_known(request, current):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": current})
    return response


def is_known(request: Request, current: str) -> bool:
    """Return whether If-None-Match contains this entity tag.

    Raises:
        InvalidPrecondition: The field is malformed.
    """
    fields = request.headers.getlist("if-none-match")
    if not fields:
        return False
    field = ",".join(fields)
    return field.strip() == "*" or any(f'"{tag}"' == current for _, tag in _tags(field))


def _tags(field: str) -> list[tuple[str, str]]:
    if not _LIST.fullmatch(field):
        raise InvalidPrecondition("an entity tag is text in double quotes; several are separated by commas")
    return _ONE.findall(field)
