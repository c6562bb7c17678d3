"""Lists in pages, by number or by cursor."""

import base64
import binascii
import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

from domain.errors import InvalidValue

TOTAL_CAP: Final = 10_000
"""Totals that must be counted are counted up to this number."""

_DIGEST_SIZE: Final = 12
"""Bytes. The digest detects damaged cursors and cursors of other lists. It is not secret."""

T = TypeVar("T")


class Identified(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> UUID:
        """The id of the row."""
        ...


Row = TypeVar("Row")
R = TypeVar("R", bound=Identified)


class Signed(Hashable, Protocol):
    """A filter or an order with a stable signature."""

    @property
    def signature(self) -> Mapping[str, object]:
        """The values of all fields under stable names, in a stable order.

        Cursors contain a digest of it, so a change of a name or of the order makes the cursors of clients invalid.
        """
        ...


class Order(Signed, Protocol):
    """A sort order. Rows with equal keys are sorted by id."""

    def key(self, row: Any, /) -> int | str:
        """Return the sort key of a row."""
        ...

    def validate_key(self, key: object) -> int | str:
        """Return a sort key that a client sent.

        Raises:
            ValueError: No row can have this key.
        """
        ...


@dataclass(frozen=True, slots=True)
class Position:
    """A place in an ordered list: directly after the row with this sort key and id."""

    key: int | str
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which rows of an ordered list a repository returns.

    At most `limit` rows: those after the position `after` if it is given, otherwise those after the first `skip` rows.
    """

    limit: int
    skip: int = 0
    after: Position | None = None
    is_counted: bool = False
    """Whether the repository also returns the total number of rows."""


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """The rows inside a window, in order."""

    items: list[Row]
    total: int | None
    """The number of rows of the whole list; None unless the window is counted.

    A repository that has to count the rows stops at TOTAL_CAP + 1.
    """


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `total` and `skip` are None on a page after a cursor."""

    items: list[T]
    total: int | None
    total_capped: bool
    """Whether the list has more than `total` items."""
    skip: int | None
    limit: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Which page a caller requests: the one after `cursor` if it is given, otherwise the one after `skip` rows."""

    limit: int = 20
    skip: int = 0
    cursor: str | None = None

    def window(self, filter: Signed, order: Order) -> Window:
        """Return the window of this page and one more row. The first page is counted.

        Raises:
            InvalidValue: The cursor is damaged or belongs to another list.
        """
        if self.cursor is None:
            return Window(limit=self.limit + 1, skip=self.skip, is_counted=True)
        return Window(limit=self.limit + 1, after=position_of(self.cursor, filter, order))

    def page(self, rows: list[R], total: int | None, *, is_exact: bool, filter: Signed, order: Order) -> Page[R]:
        """Return the page of the rows inside `window`.

        Args:
            rows: The rows inside the window: one more than the page shows, if there are more.
            total: The number of rows of the whole list, if it was counted.
            is_exact: Whether the total is exact, and not counted up to TOTAL_CAP.
            filter: The filter of the list.
            order: The order of the list.
        """
        items = rows[: self.limit]
        if total is not None and rows:
            total = max(total, self.skip + len(rows))  # rows may have been added after the count
        is_capped = total is not None and total > TOTAL_CAP and not is_exact
        return Page(
            items=items,
            total=TOTAL_CAP if is_capped else total,
            total_capped=is_capped,
            skip=self.skip if self.cursor is None else None,
            limit=self.limit,
            next_cursor=cursor_after(items[-1], filter, order) if len(rows) > self.limit else None,
        )


def cursor_after(row: Identified, filter: Signed, order: Order) -> str:
    """Return an opaque, URL-safe cursor to the position after a row. It is valid for this filter and order only."""
    return encode_cursor([order.key(row), row.id.hex], filter, order)


def position_of(cursor: str, filter: Signed, order: Order) -> Position:
    """Return the position that a cursor points to.

    Raises:
        InvalidValue: The cursor is damaged, or was made for another filter or order.
    """

    def parse(position: Any) -> Position:
        key, row_id = position
        return Position(order.validate_key(key), UUID(hex=row_id))

    return decode_cursor(cursor, filter, order, parse)


def encode_cursor(position: object, filter: Signed, order: Signed) -> str:
    """Return an opaque, URL-safe cursor to a position, given as a JSON value."""
    encoded = json.dumps(position, ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(_digest(encoded, filter, order) + encoded).rstrip(b"=").decode()


def decode_cursor(cursor: str, filter: Signed, order: Signed, parse: Callable[[Any], T]) -> T:
    """Return the position that a cursor points to, parsed from its JSON value.

    Raises:
        InvalidValue: The cursor is damaged, or was made for another filter or order.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidValue("cursor", "invalid_cursor", "the cursor is damaged") from None
    digest, position = raw[:_DIGEST_SIZE], raw[_DIGEST_SIZE:]
    if digest != _digest(position, filter, order):
        raise InvalidValue(
            "cursor", "invalid_cursor", "the cursor is damaged, or it belongs to other filters or to another order"
        )
    try:
        return parse(json.loads(position))
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise InvalidValue("cursor", "invalid_cursor", "the cursor is damaged") from None


def canonical_json(value: object) -> bytes:
    """Return a value as JSON that is the same in every process. Sets are sorted; dates, ids and tags are encoded."""
    return json.dumps(value, default=_encode).encode()


def _digest(position: bytes, filter: Signed, order: Signed) -> bytes:
    return blake2b(position + _signature(filter, order), digest_size=_DIGEST_SIZE).digest()


@lru_cache(maxsize=1024)
def _signature(filter: Signed, order: Signed) -> bytes:
    return canonical_json([filter.signature, order.signature])


def _encode(value: Any) -> object:
    match value:
        case frozenset():
            return sorted(json.dumps(member, default=_encode) for member in value)
        case date():
            return value.isoformat()
        case UUID():
            return value.hex
    return value.signature
