"""Queries for security events. Each reads only as many index entries as the page has rows, at any size of the table."""

from dataclasses import dataclass
from typing import Any, Final, Self

from sqlalchemy import ColumnElement, Executable, Integer, String, Uuid, bindparam, select, tuple_, update

from adapters.sql.engine import pages
from adapters.sql.engine.conditions import Values
from adapters.sql.engine.dialects import SqlDialect
from adapters.sql.engine.pages import datetime_from_key
from adapters.sql.engine.types import Instant
from adapters.sql.schema.audit import ACTS_ON_OTHERS, audit_events
from application.platform.paging import Position, Window
from domain.audit.audit_query import AuditFilter

EVENT_COLUMNS: Final = tuple(audit_events.c)

_E: Final = audit_events.c
_USER: Final = bindparam("user_id", type_=Uuid)
_REACH: Final = bindparam("reach", type_=Integer)
_POSITION: Final = tuple_(bindparam("after_key", type_=Instant), bindparam("after_id", type_=Uuid))

_CONDITIONS: Final = {
    "event": _E.event == bindparam("event", type_=String),
    "since": _E.at >= bindparam("since", type_=Instant),
    "until": _E.at < bindparam("until", type_=Instant),
}

_INVOLVES_USER: Final = (_E.user_id == _USER, (_E.actor_id == _USER) & ACTS_ON_OTHERS)
"""The events of a user, in two parts without common rows. Each has an index in the order of the list."""


def _of_user(columns: Any, *conditions: ColumnElement[bool]) -> Any:
    """Select the latest `reach` events of a user from each part, so that no part is read completely."""
    parts = [
        select(*columns)
        .where(part, *conditions)
        .order_by(_E.at.desc(), _E.id.desc())
        .limit(_REACH)
        .subquery(f"part_{number}")
        for number, part in enumerate(_INVOLVES_USER)
    ]
    return select(parts[0]).union_all(select(parts[1])).subquery("events")


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything that the text of a query depends on. Calling it builds the query."""

    has_user: bool
    conditions: tuple[str, ...]
    is_after: bool
    is_counted: bool

    def __call__(self, dialect: SqlDialect) -> pages.Rows:
        conditions = [_CONDITIONS[name] for name in self.conditions]
        rows, counted = audit_events.c, select(_E.id).where(*conditions)
        if self.has_user:
            reached = [*conditions, tuple_(_E.at, _E.id) < _POSITION] if self.is_after else conditions
            rows, conditions = _of_user(EVENT_COLUMNS, *reached).c, []
            counted = select(_of_user([_E.id, _E.at], *(_CONDITIONS[name] for name in self.conditions)).c.id)
        page = pages.page(
            select(*(rows[column.name] for column in EVENT_COLUMNS)).where(*conditions),
            rows["at"],
            rows["id"],
            descending=True,
            is_after=self.is_after,
        )
        if not self.is_counted:
            return page
        return pages.with_total(page, pages.count(counted), EVENT_COLUMNS, _E.at, descending=True)

    @classmethod
    def of(cls, filter: AuditFilter, window: Window) -> Self:
        given = tuple(name for name in _CONDITIONS if getattr(filter, name) is not None)
        return cls(filter.user_id is not None, given, window.after is not None, window.is_counted)


def parameters(filter: AuditFilter, window: Window) -> Values:
    values: Values = {name: getattr(filter, name) for name in ("user_id", *_CONDITIONS)}
    values |= {"limit": window.limit, "skip": 0, "reach": window.limit}
    if window.after is None:
        return values | {"skip": window.skip, "reach": window.limit + window.skip}
    return values | position_values(window.after)


def position_values(after: Position) -> Values:
    return {"after_key": datetime_from_key(after.key), "after_id": after.id}


def _erase_addresses(*, is_after: bool) -> Executable:
    conditions: list[ColumnElement[bool]] = [_E.ip_address.is_not(None), _E.actor_id.is_(None) | (_E.actor_id == _USER)]
    if is_after:
        conditions.append(tuple_(_E.at, _E.id) < _POSITION)
    found = _of_user([_E.id, _E.at], *conditions)
    batch = select(found.c.id).order_by(found.c.at.desc(), found.c.id.desc()).limit(_REACH)
    return update(audit_events).where(_E.id.in_(batch)).values(ip_address=None).returning(_E.at, _E.id)


ERASE_ADDRESSES: Final = _erase_addresses(is_after=False)
ERASE_ADDRESSES_AFTER: Final = _erase_addresses(is_after=True)
