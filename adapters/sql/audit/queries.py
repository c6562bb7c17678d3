"""Queries for security events.

A page reads only as many index entries as it has rows, at any size of the table, except with the filters `user_id` and
`event` together: no index has both. A total reads at most TOTAL_CAP + 1 entries.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from sqlalchemy import ColumnElement, Executable, Integer, String, Uuid, bindparam, select, tuple_, union_all, update

from adapters.sql.engine import pages
from adapters.sql.engine.conditions import Values
from adapters.sql.engine.dialects import SqlDialect
from adapters.sql.engine.pages import datetime_from_key
from adapters.sql.engine.types import Instant
from adapters.sql.schema.audit import ACTS_ON_OTHERS, audit_events
from application.platform.paging import Position
from domain.audit.audit_event import AuditEvent
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
    parts = (
        select(*columns)
        .where(part, *conditions)
        .order_by(_E.at.desc(), _E.id.desc())
        .limit(_REACH)
        .subquery(f"part_{number}")
        for number, part in enumerate(_INVOLVES_USER)
    )
    return union_all(*map(select, parts)).subquery("events")


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything that the text of a query depends on. Calling it builds the query."""

    has_user: bool
    conditions: tuple[str, ...]
    is_after: bool
    is_counted: bool

    def __call__(self, dialect: SqlDialect) -> pages.Rows:
        conditions = [_CONDITIONS[name] for name in self.conditions]
        rows, selected = audit_events.c, conditions
        if self.has_user:
            position = [tuple_(_E.at, _E.id) < _POSITION] if self.is_after else []
            rows, selected = _of_user(EVENT_COLUMNS, *conditions, *position).c, []
        page = pages.page(
            select(*(rows[column.name] for column in EVENT_COLUMNS)).where(*selected),
            rows["at"],
            rows["id"],
            descending=True,
            is_after=self.is_after,
        )
        if not self.is_counted:
            return page
        return pages.with_total(page, pages.count(self._matching(conditions)), EVENT_COLUMNS, _E.at, descending=True)

    def _matching(self, conditions: Sequence[ColumnElement[bool]]) -> Any:
        """Select the ids that are counted."""
        if not self.has_user:
            return select(_E.id).where(*conditions)
        parts = (select(_E.id).where(part, *conditions) for part in _INVOLVES_USER)
        return select(union_all(*parts).subquery("counted_events").c.id)

    @classmethod
    def of(cls, filter: AuditFilter, after: Position | None, *, is_counted: bool) -> Self:
        given = tuple(name for name in _CONDITIONS if getattr(filter, name) is not None)
        return cls(filter.user_id is not None, given, after is not None, is_counted)


def start_of(filter: AuditFilter, after: Position | None) -> tuple[AuditFilter, Position | None]:
    """Return the filter and the position without the weaker one of `until` and the position.

    With both conditions, the database may start at the wrong one and read all events in between.
    """
    if after is None or filter.until is None:
        return filter, after
    if filter.until > datetime_from_key(after.key):
        return replace(filter, until=None), after
    return filter, None


def parameters(filter: AuditFilter, after: Position | None, *, limit: int, skip: int) -> Values:
    values: Values = {name: getattr(filter, name) for name in ("user_id", *_CONDITIONS)}
    values |= {"limit": limit, "skip": skip, "reach": limit + skip}
    return values | (position_values(after) if after else {})


def position_values(after: Position) -> Values:
    return {"after_key": datetime_from_key(after.key), "after_id": after.id}


def _erase_addresses(*, is_after: bool) -> Executable:
    conditions: list[ColumnElement[bool]] = [
        _E.ip_address.is_not(None),
        _E.event != AuditEvent.ERASURE,
        _E.actor_id.is_(None) | (_E.actor_id == _USER),
    ]
    if is_after:
        conditions.append(tuple_(_E.at, _E.id) < _POSITION)
    found = _of_user([_E.id, _E.at], *conditions)
    batch = select(found.c.id).order_by(found.c.at.desc(), found.c.id.desc()).limit(_REACH)
    return update(audit_events).where(_E.id.in_(batch)).values(ip_address=None).returning(_E.at, _E.id)


ERASE_ADDRESSES: Final = _erase_addresses(is_after=False)
ERASE_ADDRESSES_AFTER: Final = _erase_addresses(is_after=True)
