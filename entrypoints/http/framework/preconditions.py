"""Conditional requests (RFC 9110, sections 8.8.3 and 13). An entity tag is a version in quotes."""

import re
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from domain.versions import VersionMatch
from entrypoints.http.framework.context import context_of
from entrypoints.http.framework.http_errors import HttpError

_TAG: Final = r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"'
_ONE: Final = re.compile(_TAG)
_LIST: Final = re.compile(rf"[ \t,]*{_TAG}[ \t]*(,[ \t]*({_TAG}[ \t]*)?)*")
_VERSION: Final = re.compile(r"[1-9]\d{0,17}", re.ASCII)
PATTERN: Final = r'^(\*|(W/)?"[!#-~]*"(, (W/)?"[!#-~]*")*)$'
"""The pattern of the fields in the OpenAPI document."""


class InvalidPrecondition(HttpError, status=HTTPStatus.BAD_REQUEST, code="INVALID_PRECONDITION"):
    """If-Match or If-None-Match is malformed. An entity tag is text in double quotes."""


class PreconditionRequired(HttpError, status=HTTPStatus.PRECONDITION_REQUIRED, code="PRECONDITION_REQUIRED"):
    """If-Match is missing, and this service requires it for changes."""


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def expected_versions(request: Request) -> VersionMatch:
    """Return the versions that a request may change. A route with this parameter evaluates If-Match and If-None-Match.

    The use case evaluates them after it has found the resource and checked the rights of the caller (RFC 9110,
    section 13.2.1).
    """
    return context_of(request).expected_versions


def parse_expected_versions(request: Request, *, is_match_required: bool) -> VersionMatch:
    """Return the versions in If-Match and If-None-Match. Only If-None-Match matches weak tags.

    Raises:
        InvalidPrecondition: A field is malformed.
        PreconditionRequired: If-Match is missing, but required.
    """
    accepted, refused = _field(request, "if-match"), _field(request, "if-none-match")
    if accepted is None and is_match_required:
        raise PreconditionRequired("If-Match with the version to change is required")
    return VersionMatch(
        accepted=None if accepted is None else _versions(accepted, is_weak_allowed=False),
        refused=frozenset() if refused is None else _versions(refused, is_weak_allowed=True),
    )


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
    field = _field(request, "if-none-match")
    return field is not None and (field == "*" or any(f'"{tag}"' == current for _, tag in _tags(field)))


def _field(request: Request, name: str) -> str | None:
    """Return a field as one list, or None if the request has no such field."""
    fields = request.headers.getlist(name)
    return ",".join(fields).strip(" \t") if fields else None


def _versions(field: str, *, is_weak_allowed: bool) -> frozenset[int] | None:
    """Return the versions in a field; None for all versions."""
    if field == "*":
        return None
    tags = (tag for is_weak, tag in _tags(field) if is_weak_allowed or not is_weak)
    return frozenset(int(tag) for tag in tags if _VERSION.fullmatch(tag))


def _tags(field: str) -> list[tuple[str, str]]:
    if not _LIST.fullmatch(field):
        raise InvalidPrecondition("an entity tag is text in double quotes; several are separated by commas")
    return _ONE.findall(field)
