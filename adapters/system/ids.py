from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a new UUID version 7. Ids of one process increase even within a millisecond."""
    return uuid7()
