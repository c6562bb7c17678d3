"""A page of a list, by number or by key set, and its total, in one statement."""

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

Rows = Select[*tuple[Any, ...]]


def page(rows: Rows, key: Column[Any], id: Column[Any], *, descending: bool, is_after: bool) -> Rows:
    """Ordered by `key` and `id`, from the row after `after_key` and `after_id`, or else after `skip` rows."""
    if key.name not in rows.selected_columns:
        rows = rows.add_columns(key)
    if is_after:
        key_type = Text() if isinstance(key.type, Text) else key.type  # the column says how to collate
        place = tuple_(bindparam("after_key", type_=key_type), bindparam("after_id", type_=Uuid))
        here = tuple_(key, id)
        rows = rows.where(here < place if descending else here > place)
    rows = rows.order_by(*_ordered(descending, key, id))
    return rows.limit(bindparam("limit", type_=Integer)).offset(bindparam("skip", type_=Integer))


def with_total(
    rows: Rows, total: ColumnElement[int], columns: Sequence[Column[Any]], key: Column[Any], *, descending: bool
) -> Rows:
    """The total before the columns of each row; one row without the rest for an empty page."""
    listed = rows.subquery("page")
    counted = select(total.label("total")).subquery("counted")
    return (
        select(counted.c.total, *(listed.c[column.key] for column in columns))
        .select_from(counted.outerjoin(listed, true()))
        .order_by(*_ordered(descending, listed.c[key.name], listed.c.id))
    )


def counted(matching: Rows) -> ColumnElement[int]:
    """Up to one more than is told."""
    return select(func.count()).select_from(matching.limit(TOTAL_CAP + 1).subquery("matching")).scalar_subquery()


def _ordered(descending: bool, *columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [column.desc() if descending else column.asc() for column in columns]


OWNER: Final = bindparam("owner_id", type_=Uuid)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant_at(key: int | str) -> datetime:
    return _EPOCH + timedelta(microseconds=int(key))
