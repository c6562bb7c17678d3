from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from application.identity.events import SessionStateChanged
from application.identity.ports import IdentityUnitOfWork, SessionStateCache
from application.platform.events import RecordedEvent
from domain.errors import NotFound
from domain.identity.user import UserId


class SessionStateInvalidation:
    """Invalidate the cached states of sessions when they change, before the use case returns."""

    def __init__(self, session_states: SessionStateCache) -> None:
        self._session_states = session_states

    async def handle(self, recorded: RecordedEvent) -> None:
        """Invalidate the states of the user if the event changed them."""
        if isinstance(recorded.event, SessionStateChanged):
            await self._session_states.invalidate(recorded.event.user_id)


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


async def revoke_reset_tokens(uow: IdentityUnitOfWork, user_id: UserId) -> None:
    """Make all reset tokens of a user invalid. Lock the user before.

    The mails still count for their limit: the user, who may have registered the address of another person, must not
    get more of them by a change of the own account.
    """
    tokens = await uow.reset_tokens.find(user_id)
    if tokens.tokens:
        await uow.reset_tokens.put(tokens.revoke())
