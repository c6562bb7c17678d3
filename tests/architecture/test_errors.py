from typing import Final, TypeVar

import pytest

from domain.errors import DomainError
from entrypoints.http.api.files.multipart import MalformedMultipart
from entrypoints.http.api.files.ranges import RangeNotSatisfiable
from entrypoints.http.framework.errors import status_of
from entrypoints.http.framework.http_errors import HttpError
from entrypoints.http.framework.preconditions import InvalidPrecondition

CODES: Final = {
    400: {
        "MALFORMED_JSON",
        "MALFORMED_MULTIPART",
        "INVALID_PRECONDITION",
        "INVALID_IDEMPOTENCY_KEY",
        "INVALID_HOST",
    },
    401: {"NOT_AUTHENTICATED", "INVALID_TOKEN", "INVALID_CREDENTIALS"},
    403: {"FORBIDDEN", "CSRF_FAILED", "WRONG_PASSWORD"},
    404: {
        "NOT_FOUND",
        "USER_NOT_FOUND",
        "TASK_NOT_FOUND",
        "TAG_NOT_FOUND",
        "FILE_NOT_FOUND",
        "SESSION_NOT_FOUND",
        "JOB_NOT_FOUND",
    },
    405: {"METHOD_NOT_ALLOWED"},
    409: {"USERNAME_TAKEN", "EMAIL_TAKEN", "LAST_ADMIN", "IDEMPOTENCY_KEY_IN_USE", "LIMIT_REACHED", "CONFLICT"},
    412: {"PRECONDITION_FAILED"},
    413: {"PAYLOAD_TOO_LARGE", "QUOTA_EXCEEDED"},
    415: {"UNSUPPORTED_MEDIA_TYPE", "UNSUPPORTED_FILE_TYPE"},
    416: {"RANGE_NOT_SATISFIABLE"},
    422: {"VALIDATION_FAILED", "WEAK_PASSWORD", "INVALID_RESET_TOKEN", "EMPTY_FILE", "IDEMPOTENCY_KEY_REUSED"},
    428: {"PRECONDITION_REQUIRED"},
    429: {"RATE_LIMITED"},
    503: {"SERVICE_UNAVAILABLE"},
}
"""The published codes by status. A code is never renamed and never gets another status."""

T = TypeVar("T")


def all_subclasses(cls: type[T]) -> list[type[T]]:
    """Return the direct and indirect subclasses."""
    return [found for child in cls.__subclasses__() for found in (child, *all_subclasses(child))]


DOMAIN_ERRORS: Final = all_subclasses(DomainError)
HTTP_ERRORS: Final = all_subclasses(HttpError)
SHARED_CODES: Final = {"PAYLOAD_TOO_LARGE"}
"""Codes of two errors: the domain limits the size of a file, HTTP the size of a body."""


@pytest.mark.parametrize("error", DOMAIN_ERRORS, ids=lambda error: error.__name__)
def test_every_domain_error_has_a_status_and_a_published_code(error: type[DomainError]) -> None:
    assert error.code in CODES[status_of(error)]


@pytest.mark.parametrize("error", HTTP_ERRORS, ids=lambda error: error.__name__)
def test_every_http_error_has_a_published_code_of_its_status(error: type[HttpError]) -> None:
    assert error.code in CODES[error.status]


def test_a_code_belongs_to_one_error() -> None:
    own = [vars(error)["code"] for error in (*DOMAIN_ERRORS, *HTTP_ERRORS) if "code" in vars(error)]

    assert len(own) > 15
    assert {MalformedMultipart, InvalidPrecondition, RangeNotSatisfiable} < set(HTTP_ERRORS)
    assert {code for code in own if own.count(code) > 1} == SHARED_CODES


def test_a_code_has_one_status() -> None:
    codes = [code for codes in CODES.values() for code in codes]

    assert len(set(codes)) == len(codes)
