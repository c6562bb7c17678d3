from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from application.identity.ports import SessionStateCache
from domain.errors import NotFound


@asynccontextmanager
async def confirm_earlier_revocation(session_states: SessionStateCache, *errors: type[NotFound]) -> AsyncIterator[None]:
    """Raise `errors` only when no worker accepts the revoked sessions any more.

    Such an error confirms that an earlier request has ended a session or deleted a user. That request may still wait
    for the other workers. Release connections before the error gets here.
    """
    try:
        yield
    except errors:
        await session_states.wait_until_current()
        raise
