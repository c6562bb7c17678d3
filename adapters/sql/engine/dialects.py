"""Where PostgreSQL and SQLite say the same thing differently."""

from collections.abc import Iterable
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import (
    JSON,
    ColumnElement,
    Dialect,
    Integer,
    Table,
    Text,
    any_,
    bindparam,
    delete,
    exists,
    func,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY

Column = ColumnElement[Any]


class Idiom(Protocol):
    def one_of(self, column: Column, name: str) -> ColumnElement[bool]:
        """`column` is in the list given, by `members`, as the parameter `name`."""
        ...

    def members(self, values: Iterable[Any]) -> list[Any]: ...

    def has_all(self, column: Column, name: str) -> ColumnElement[bool]:
        """The list in `column` has every member of the list given as the parameter `name`."""
        ...

    def contains(self, column: Column, name: str) -> ColumnElement[bool]:
        """The text in `column` contains the one given, by `containing`, as the parameter `name`."""
        ...

    def containing(self, text: str) -> str: ...


class PostgresIdiom:
    """So that the indexes serve: GIN for arrays, trigrams for LIKE."""

    def one_of(self, column: Column, name: str) -> ColumnElement[bool]:
        return column == any_(bindparam(name, type_=ARRAY(column.type)))

    def members(self, values: Iterable[Any]) -> list[Any]:
        return list(values)

    def has_all(self, column: Column, name: str) -> ColumnElement[bool]:
        return column.bool_op("@>")(bindparam(name, type_=ARRAY(Text)))

    def contains(self, column: Column, name: str) -> ColumnElement[bool]:
        return column.like(bindparam(name, type_=Text))

    def containing(self, text: str) -> str:
        escaped = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        return f"%{escaped}%"


class SqliteIdiom:
    def one_of(self, column: Column, name: str) -> ColumnElement[bool]:
        return column.in_(select(_members(bindparam(name, type_=JSON)).c.value))

    def members(self, values: Iterable[Any]) -> list[Any]:
        return [value.hex if isinstance(value, UUID) else value for value in values]

    def has_all(self, column: Column, name: str) -> ColumnElement[bool]:
        wanted = _members(bindparam(name, type_=JSON)).alias("wanted")
        return ~exists().where(wanted.c.value.not_in(select(_members(column).c.value)))

    def contains(self, column: Column, name: str) -> ColumnElement[bool]:
        return func.instr(column, bindparam(name, type_=Text)) > 0

    def containing(self, text: str) -> str:
        return text


def idiom_of(dialect: Dialect) -> Idiom:
    return PostgresIdiom() if dialect.name == "postgresql" else SqliteIdiom()


def upsert(table: Table, dialect: Dialect, *replaced: str) -> Any:
    """An insert that, where the primary key is taken, replaces these columns."""
    row: Any = (postgresql if dialect.name == "postgresql" else sqlite).insert(table)
    return row.on_conflict_do_update(
        index_elements=list(table.primary_key), set_={name: row.excluded[name] for name in replaced}
    )


def delete_some(table: Table, condition: ColumnElement[bool]) -> Any:
    """Up to as many as the parameter `limit` says; a row comes back for each."""
    key = list(table.primary_key)
    some = select(*key).where(condition).limit(bindparam("limit", type_=Integer))
    return delete(table).where(condition, tuple_(*key).in_(some)).returning(key[0])


def _members(array: Column) -> Any:
    return func.json_each(array).table_valued("value")
