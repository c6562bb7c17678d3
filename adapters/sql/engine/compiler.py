"""Core statements, compiled once for each dialect."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Dialect, Executable
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.types import TypeEngine

from adapters.sql.engine.dialects import SqlDialect, sql_dialect_of

CACHE_SIZE: Final = 2048
"""Compiled statements of one dialect: some 90 fixed ones, and the shapes of queries that are in use."""

CUSTOM_PLAN: Final = "custom_plan"
"""Execution option of a statement that the database must plan with its values, as no generic plan suits all of them."""

Processor = Callable[[Any], Any]

Query = Executable | Callable[[SqlDialect], Executable]
"""A Core statement, or what builds one for a dialect: a function, or a hashable object with the shape of the query."""


class Statement:
    """A compiled statement that runs on the driver directly. Building and compiling costs more than running it."""

    def __init__(self, clause: Executable, dialect: Dialect) -> None:
        assert isinstance(clause, ClauseElement)
        compiled = clause.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self.sql = str(compiled)
        self.needs_custom_plan = bool(clause.get_execution_options().get(CUSTOM_PLAN))
        self._defaults = dict(compiled.params)
        self._binds = [(name, _bind(compiled.binds[name].type, dialect)) for name in compiled.positiontup or ()]
        results = [_result(column.type, dialect) for column in _columns(clause)]
        self._results = results if any(results) else None

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the values for the driver, in the order of the placeholders."""
        defaults = self._defaults
        return [
            process(values[name] if name in values else defaults[name])
            if process
            else (values[name] if name in values else defaults[name])
            for name, process in self._binds
        ]

    def rows(self, found: list[Any]) -> list[Any]:
        """Convert the driver's rows to sequences of Python values, in the order of the columns."""
        if self._results is None:
            return found
        return [
            tuple(process(value) if process else value for process, value in zip(self._results, row, strict=True))
            for row in found
        ]


class Compiler:
    """Compile queries for one dialect, and cache the statements. All storages of a process share it.

    The cache drops the least recently used statement when it is full.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect: SqlDialect = sql_dialect_of(dialect)
        self._dialect = dialect
        self.compile: Callable[[Query], Statement] = lru_cache(maxsize=CACHE_SIZE)(self._compile)
        """Return the statement of a query. An equal query costs a look-up only; Core statements equal themselves."""

    def _compile(self, query: Query) -> Statement:
        return Statement(query if isinstance(query, Executable) else query(self.dialect), self._dialect)


def _columns(clause: ClauseElement) -> list[Any]:
    if isinstance(clause, SelectBase):
        return list(clause.selected_columns)
    return list(clause.exported_columns) if isinstance(clause, UpdateBase) else []


def _bind(type_: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _result(type_: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)
