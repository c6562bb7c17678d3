"""Connections to the hosts of a DATABASE_URL, of which one is the primary."""

from time import monotonic
from typing import Any, Final

import asyncpg
from asyncpg import exceptions as pg

from adapters.sql.engine.urls import dsns_of
from application.platform.time_limit import max_wait
from application.platform.unit_of_work import StorageUnavailable

MIN_WAIT: Final = 0.01
"""Seconds. The driver refuses a timeout of zero."""

OTHER_HOST: Final = (OSError, TimeoutError, pg.CannotConnectNowError, pg.TargetServerAttributeNotMatched)
"""Errors after which another host may accept a connection."""


class Hosts:
    """Connect to the first host that responds and has the `target_session_attrs` of the URL.

    The driver also tries several hosts, but does not limit the time of each one: a host that does not respond, because
    it lost power or its network, would use up the time of all attempts.
    """

    def __init__(self, url: str) -> None:
        self._dsns = dsns_of(url)

    async def connect(self, dsn: str | None = None, **options: Any) -> Any:
        """Return a new connection. The host of the previous one is tried first, and each host gets a share of the time.

        Args:
            dsn: Not used. A pool of the driver passes it.
            options: Other arguments of `asyncpg.connect`.

        Raises:
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError: The error of the last host.
        """
        untried = list(self._dsns)
        deadline = monotonic() + max_wait()
        while True:
            chosen = untried.pop(0)
            remaining = max(deadline - monotonic(), MIN_WAIT)
            try:
                connection = await asyncpg.connect(chosen, timeout=remaining / (len(untried) + 1), **options)
            except OTHER_HOST:
                if not untried:
                    raise
            else:
                self._dsns.sort(key=lambda other: other != chosen)
                return connection


async def require_utf8(connection: Any) -> None:
    """Check the encoding of a database, which the server reports with each connection.

    Raises:
        StorageUnavailable: The database cannot store every character.
    """
    if (encoding := connection.get_settings().server_encoding) != "UTF8":
        raise StorageUnavailable(f"the database has the encoding {encoding}: create it with ENCODING 'UTF8'")
