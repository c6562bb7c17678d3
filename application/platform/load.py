"""Limits for expensive work: refuse it if too much waits, and skip it if the caller no longer waits."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar, Token
from typing import Final


class Overloaded(Exception):
    """Too much work waits already. Nothing was done; the same request may succeed in a few seconds."""


class CallerGone(Exception):
    """The caller no longer waits for the result. The expensive work was not started."""


IsGone = Callable[[], Awaitable[bool]]

_is_caller_gone: Final[ContextVar[IsGone | None]] = ContextVar("is_caller_gone", default=None)


def watch_caller(is_gone: IsGone) -> Token[IsGone | None]:
    """Set how to find out whether the caller of the current task is gone, until `forget_caller`."""
    return _is_caller_gone.set(is_gone)


def forget_caller(token: Token[IsGone | None]) -> None:
    """Restore the state before `watch_caller`."""
    _is_caller_gone.reset(token)


async def require_caller() -> None:
    """Check that the caller still waits for the result. A caller that is not watched counts as waiting.

    Raises:
        CallerGone: The caller is gone.
    """
    is_gone = _is_caller_gone.get()
    if is_gone is not None and await is_gone():
        raise CallerGone
