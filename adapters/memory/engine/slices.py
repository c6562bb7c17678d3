"""Sort and cut lists in memory as the SQL adapters do."""

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

from application.platform.paging import Identified, Slice, Window

Row = TypeVar("Row", bound=Identified)


class DirectedOrder(Protocol):
    """An order with a direction."""

    @property
    def descending(self) -> bool: ...

    def key(self, row: Any, /) -> int | str: ...


def slice_of(rows: Iterable[Row], order: DirectedOrder, window: Window, *, total: int) -> Slice[Row]:
    """Return the rows inside the window, sorted by `order.key` and id, and `total` if the window is counted."""
    keyed = sorted(((order.key(row), row.id, row) for row in rows), reverse=order.descending)
    start = window.skip
    if window.after is not None:
        edge, start = (window.after.key, window.after.id), 0
        keyed = [each for each in keyed if (each[:2] < edge if order.descending else each[:2] > edge)]
    return Slice([row for _, _, row in keyed[start : start + window.limit]], total if window.is_counted else None)
