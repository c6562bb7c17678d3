import base64
import binascii
import dataclasses
import json
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

from domain.errors import InvalidCursor

TOTAL_CAP: Final = 10_000
"""Up to here a total is counted, where it is not known without counting."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in an ordered list: just after the row with this sort key and id."""

    key: int | str
    id: UUID


_DIGEST: Final = 12
"""Bytes. It tells damage and a foreign list; it is no secret: a cursor only says where to go on."""


T = TypeVar("T")


class Identified(Protocol):
    @property
    def id(self) -> UUID: ...


R = TypeVar("R", bound=Identified)


class Order(Hashable, Protocol):
    def key(self, row: Any, /) -> int | str: ...

    def valid_key(self, key: object) -> int | str: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`total` and `skip` are None in answers to a cursor; a capped total says "at least"."""

    items: list[T]
    total: int | None
    total_capped: bool
    skip: int | None
    limit: int
    next_cursor: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """With `cursor`, the page after the one that gave it; otherwise the page after `skip` rows."""

    limit: int = 20
    skip: int = 0
    cursor: str | None = None

    def after(self, filter: Any, order: Order) -> Position | None:
        """Raises InvalidCursor."""
        return None if self.cursor is None else position_of(self.cursor, filter, order)

    def page(self, rows: list[R], total: int | None, *, is_exact: bool, filter: Any, order: Order) -> Page[R]:
        """Of rows that were asked for with one more than `limit`."""
        items = rows[: self.limit]
        if total is not None and rows:
            total = max(total, self.skip + len(rows))  # where others wrote after it was counted
        is_capped = total is not None and total > TOTAL_CAP and not is_exact
        return Page(
            items=items,
            total=TOTAL_CAP if is_capped else total,
            total_capped=is_capped,
            skip=self.skip if self.cursor is None else None,
            limit=self.limit,
            next_cursor=cursor_after(items[-1], filter, order) if len(rows) > self.limit else None,
        )


def cursor_after(row: Identified, filter: Any, order: Order) -> str:
    """Where the list goes on after `row`: opaque, URL-safe, good for this filter and order only."""
    place = json.dumps([order.key(row), row.id.hex], ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(_digest(place, filter, order) + place).rstrip(b"=").decode()


def position_of(cursor: str, filter: Any, order: Order) -> Position:
    """Raises InvalidCursor if it is damaged, or was made for another filter or order."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidCursor("the cursor is damaged") from None
    digest, place = raw[:_DIGEST], raw[_DIGEST:]
    if digest != _digest(place, filter, order):
        raise InvalidCursor("the cursor is damaged, or belongs to other filters or another order")
    try:
        key, row_id = json.loads(place)
        return Position(order.valid_key(key), UUID(hex=row_id))
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise InvalidCursor("the cursor is damaged") from None


def _digest(place: bytes, filter: Any, order: Order) -> bytes:
    return blake2b(place + told(filter, order), digest_size=_DIGEST).digest()


@lru_cache(maxsize=1024)
def told(*values: Any) -> bytes:
    """Dataclasses of plain values as text that is the same in every process."""
    return json.dumps([dataclasses.asdict(value) for value in values], default=_plain).encode()


def _plain(value: object) -> object:
    match value:
        case frozenset():
            return sorted(json.dumps(member, default=_plain) for member in value)
        case date():
            return value.isoformat()
        case UUID():
            return value.hex
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return dataclasses.asdict(value)
    raise TypeError(f"no cursor tells {type(value).__name__}")
