"""The errors of SQLite, and what they mean."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from adapters.sql.engine.connection import ReferenceViolated, TableMissing, UniquenessViolated
from application.platform.unit_of_work import StorageBusy, StorageUnavailable

BUSY: Final = ("SQLITE_BUSY", "SQLITE_LOCKED")
UNAVAILABLE: Final = {
    "SQLITE_IOERR": "the database file cannot be read or written",
    "SQLITE_FULL": "the disk of the database is full",
    "SQLITE_CANTOPEN": "the database file cannot be opened",
    "SQLITE_READONLY": "the database file is read-only",
    "SQLITE_PERM": "the database file is read-only",
    "SQLITE_CORRUPT": "the database file is damaged",
    "SQLITE_NOTADB": "the database file is damaged, or not an SQLite database",
}
"""Why a database file cannot be used, by the beginning of SQLite's error name."""


@contextmanager
def translate_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        match error.sqlite_errorname:
            case "SQLITE_CONSTRAINT_PRIMARYKEY" | "SQLITE_CONSTRAINT_UNIQUE":
                raise UniquenessViolated(str(error).rpartition(": ")[2].partition(".")[0]) from error
            case "SQLITE_CONSTRAINT_FOREIGNKEY":
                raise ReferenceViolated from error
        raise
    except sqlite3.DatabaseError as error:
        if is_busy(error):
            raise StorageBusy("another process has locked the database file") from error
        if (reason := explain(error)) is not None:
            raise StorageUnavailable(reason) from error
        if str(error).startswith("no such table"):
            raise TableMissing from error
        raise


def explain(error: sqlite3.Error) -> str | None:
    """Return why the database file cannot be used, or None if the error has another cause."""
    if is_busy(error):
        return "another process has locked the database file"
    return next((reason for prefix, reason in UNAVAILABLE.items() if _name_of(error).startswith(prefix)), None)


def is_busy(error: sqlite3.Error) -> bool:
    return _name_of(error).startswith(BUSY)


def is_read_only(error: BaseException | None) -> bool:
    return _name_of(error).startswith("SQLITE_READONLY")


def _name_of(error: BaseException | None) -> str:
    return getattr(error, "sqlite_errorname", "")  # errors of the Python module have none
