"""Groups of errors of asyncpg, and what they mean for the operator."""

from pathlib import Path
from typing import Final

import asyncpg
from asyncpg import exceptions as pg
from sqlalchemy import make_url

CONTENTION: Final = (pg.DeadlockDetectedError, pg.SerializationError, pg.LockNotAvailableError)
BUSY: Final = (pg.QueryCanceledError, pg.TooManyConnectionsError)
LOST_CONNECTION: Final = (pg.PostgresConnectionError, pg.AdminShutdownError, pg.CrashShutdownError, ConnectionError)
UNAVAILABLE: Final = (
    OSError,
    TimeoutError,
    pg.OperatorInterventionError,
    pg.InsufficientResourcesError,
    pg.ReadOnlySQLTransactionError,
    asyncpg.InternalClientError,  # raised when the connection breaks during the driver's own protocol steps
)
FILES: Final = frozenset({"sslcert", "sslkey", "sslrootcert", "sslcrl"})
"""Parameters of a URL that name files. The errors of the driver do not say which of them is missing."""

WITHOUT_STATEMENTS: Final = (pg.InvalidSQLStatementNameError, pg.DuplicatePreparedStatementError)
"""Prepared statements of another connection: a pooler shares the connections of the server between transactions."""

NEEDS_PARAMETER: Final = "PgBouncer needs ?prepared_statement_cache_size=0 in DATABASE_URL"


def describe_refusal(error: BaseException, url: str) -> str:
    """Say that there is no connection to the database, and what to change if the error itself does not say it."""
    problem = "no connection to the database"
    if isinstance(error, FileNotFoundError):
        missing = [
            name for name, value in make_url(url).query.items() if name in FILES and not Path(str(value)).exists()
        ]
        return ": ".join((problem, *(f"the file of {name} does not exist" for name in missing)))
    if isinstance(error, pg.ProtocolViolationError) and "startup parameter" in str(error):
        return f"{problem}: {NEEDS_PARAMETER}"
    return problem
