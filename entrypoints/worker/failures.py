"""How long a failed job waits, and what is stored of its error."""

import random
from datetime import timedelta
from typing import Final

from application.files.ports import FileStoreUnavailable, ForeignFileStore
from application.platform.mail import MailNotSent
from application.platform.unit_of_work import StorageUnavailable
from domain.errors import DomainError
from domain.text import escape_unprintable

MIN_RETRY_DELAY: Final = timedelta(seconds=5)
MAX_RETRY_DELAY: Final = timedelta(hours=1)
"""The delay starts at the minimum and doubles with each attempt up to the maximum; see `retry_delay`."""

MAX_ERROR: Final = 500
"""Characters that are stored of an error."""

EXPECTED_ERRORS: Final = (DomainError, MailNotSent, FileStoreUnavailable, ForeignFileStore, StorageUnavailable)
"""Errors whose messages contain nothing from outside. Messages of other errors may quote replies of servers, with
mail addresses and reset links, or values of database rows: they are logged but not stored."""


class UnknownJobKind(Exception):
    """This worker has no handler for the kind of job. The job waits: a newer version may have added it."""


class Abandoned(Exception):
    """Every worker that started the job was killed, perhaps by the job."""


def retry_delay(attempts: int) -> timedelta:
    """Return the delay after a number of attempts: exponential backoff with jitter between 50 % and 100 %."""
    longest: timedelta = min(MIN_RETRY_DELAY * 2 ** min(attempts - 1, 20), MAX_RETRY_DELAY)
    return longest * random.uniform(0.5, 1)  # noqa: S311 - jitter, not a secret


def format_error(error: Exception) -> str:
    """Return one line to store: the name of the error, and its message if this application writes the message."""
    name = type(error).__name__
    text = f"{name}: {error}" if isinstance(error, EXPECTED_ERRORS) else name
    return escape_unprintable(text[:MAX_ERROR])[:MAX_ERROR]
