"""Expressions that PostgreSQL and SQLite write differently."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import (
    JSON,
    ColumnElement,
    Dialect,
    Integer,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY

from adapters.sql.engine.types import Duration, Instant

Column = ColumnElement[Any]
Rows = Select[*tuple[Any, ...]]

_SQLITE_INSTANT: Final[Column] = literal_column("'%Y-%m-%d %H:%M:%f000'")
"""The format in which SQLite stores an Instant. Its clock has milliseconds."""


class SqlDialect(Protocol):
    """Build expressions, and the values of their parameters, for one database."""

    has_concurrent_writers: bool
    """Whether several transactions can write at the same time."""

    def insert(self, table: Table) -> Any:
        """Return an INSERT that supports ON CONFLICT."""
        ...

    def is_in(self, column: Column, name: str) -> ColumnElement[bool]:
        """Match a column that equals an element of the list parameter `name`. Its value comes from `list_value`."""
        ...

    def list_value(self, values: Iterable[Any]) -> list[Any]: ...

    def rows(self, name: str, columns: Sequence[Column]) -> Rows:
        """Select rows that are parameters, in their order. The values come from `rows_value`."""
        ...

    def rows_value(self, name: str, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """Return the parameters of `rows`: each row has one value for each column."""
        ...

    def has_all(self, column: Column, name: str) -> ColumnElement[bool]:
        """Match a list column that contains every element of the list parameter `name`."""
        ...

    def contains_text(self, column: Column, name: str) -> ColumnElement[bool]:
        """Match a text column that contains the text parameter `name`. Its value comes from `text_value`."""
        ...

    def text_value(self, text: str) -> str: ...

    def now(self) -> Column:
        """Return the time by the clock of the database. It is constant during a statement."""
        ...

    def from_now(self, name: str) -> Column:
        """Return the time after the duration parameter `name`."""
        ...


class PostgresDialect:
    """Expressions that PostgreSQL can answer from indexes: GIN for arrays, trigrams for LIKE."""

    has_concurrent_writers = True

    def insert(self, table: Table) -> Any:
        return postgresql.insert(table)

    def is_in(self, column: Column, name: str) -> ColumnElement[bool]:
        return column == any_(bindparam(name, type_=ARRAY(column.type)))

    def list_value(self, values: Iterable[Any]) -> list[Any]:
        return list(values)

    def rows(self, name: str, columns: Sequence[Column]) -> Rows:
        arrays = [bindparam(f"{name}_{n}", type_=ARRAY(column.type)) for n, column in enumerate(columns)]
        row = func.unnest(*arrays).table_valued(*(column.name for column in columns), with_ordinality="position")
        given = row.render_derived()
        return select(*(given.c[column.name] for column in columns)).order_by(given.c.position)

    def rows_value(self, name: str, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        return {f"{name}_{n}": list(values) for n, values in enumerate(zip(*rows, strict=True))}

    def has_all(self, column: Column, name: str) -> ColumnElement[bool]:
        return column.bool_op("@>")(bindparam(name, type_=ARRAY(Text)))

    def contains_text(self, column: Column, name: str) -> ColumnElement[bool]:
        return column.like(bindparam(name, type_=Text))

    def text_value(self, text: str) -> str:
        escaped = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        return f"%{escaped}%"

    def now(self) -> Column:
        return func.statement_timestamp(type_=Instant)

    def from_now(self, name: str) -> Column:
        return func.statement_timestamp(type_=Instant) + bindparam(name, type_=Duration)


class SqliteDialect:
    """Expressions on lists stored as JSON. SQLite admits one writer at a time."""

    has_concurrent_writers = False

    def insert(self, table: Table) -> Any:
        return sqlite.insert(table)

    def is_in(self, column: Column, name: str) -> ColumnElement[bool]:
        return column.in_(select(_elements(bindparam(name, type_=JSON)).c.value))

    def list_value(self, values: Iterable[Any]) -> list[Any]:
        return [value.hex if isinstance(value, UUID) else value for value in values]

    def rows(self, name: str, columns: Sequence[Column]) -> Rows:
        row = _elements(bindparam(name, type_=JSON)).c.value
        return select(*(func.json_extract(row, f"$[{n}]") for n in range(len(columns)))).where(true())

    def rows_value(self, name: str, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        return {name: [self.list_value(row) for row in rows]}

    def has_all(self, column: Column, name: str) -> ColumnElement[bool]:
        wanted = _elements(bindparam(name, type_=JSON)).alias("wanted")
        return ~exists().where(wanted.c.value.not_in(select(_elements(column).c.value)))

    def contains_text(self, column: Column, name: str) -> ColumnElement[bool]:
        return func.instr(column, bindparam(name, type_=Text)) > 0

    def text_value(self, text: str) -> str:
        return text

    def now(self) -> Column:
        return func.strftime(_SQLITE_INSTANT, "now", type_=Instant)

    def from_now(self, name: str) -> Column:
        return func.strftime(_SQLITE_INSTANT, "now", bindparam(name, type_=Duration), type_=Instant)


def sql_dialect_of(dialect: Dialect) -> SqlDialect:
    return PostgresDialect() if dialect.name == "postgresql" else SqliteDialect()


def delete_batch(table: Table, condition: ColumnElement[bool]) -> Any:
    """Build a DELETE of at most `limit` rows (a parameter) that returns one row for each row deleted."""
    key = list(table.primary_key)
    batch = select(*key).where(condition).limit(bindparam("limit", type_=Integer))
    return delete(table).where(condition, tuple_(*key).in_(batch)).returning(key[0])


def _elements(array: Column) -> Any:
    return func.json_each(array).table_valued("value")
