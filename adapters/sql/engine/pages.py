"""One page of a list and the total, in one statement. A page starts at an offset or after a position (keyset)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    bindparam,
    func,
    select,
    true,
    tuple_,
)

from application.platform.paging import TOTAL_CAP

OWNER: Final = bindparam("owner_id", type_=Uuid)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Rows = Select[*tuple[Any, ...]]


def page(rows: Rows, key: Column[Any], id: Column[Any], *, descending: bool, is_after: bool) -> Rows:
    """Order rows by `key` and `id`, and select `limit` of them.

    The page starts after the position (`after_key`, `after_id`) if `is_after`, otherwise after `skip` rows.
    These names and `limit` are parameters of the statement.
    """
    if key.name not in rows.selected_columns:
        rows = rows.add_columns(key)
    if is_after:
        key_type = Text() if isinstance(key.type, Text) else key.type  # the column decides the collation
        position = tuple_(bindparam("after_key", type_=key_type), bindparam("after_id", type_=Uuid))
        row = tuple_(key, id)
        rows = rows.where(row < position if descending else row > position)
    rows = rows.order_by(*_ordered(descending, key, id))
    return rows.limit(bindparam("limit", type_=Integer)).offset(bindparam("skip", type_=Integer))


def with_total(
    rows: Rows, total: ColumnElement[int], columns: Sequence[Column[Any]], key: Column[Any], *, descending: bool
) -> Rows:
    """Select the total before the columns of each row. An empty page gives one row with NULL in all other columns."""
    listed = rows.subquery("page")
    counted = select(total.label("total")).subquery("counted")
    return (
        select(counted.c.total, *(listed.c[column.key] for column in columns))
        .select_from(counted.outerjoin(listed, true()))
        .order_by(*_ordered(descending, listed.c[key.name], listed.c.id))
    )


def count(matching: Rows) -> ColumnElement[int]:
    """Count rows, but stop one above the cap: clients then learn that there are more."""
    return select(func.count()).select_from(matching.limit(TOTAL_CAP + 1).subquery("matching")).scalar_subquery()


def datetime_from_key(key: int | str) -> datetime:
    """Convert the key of a position, in microseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=int(key))


def _ordered(descending: bool, *columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [column.desc() if descending else column.asc() for column in columns]
