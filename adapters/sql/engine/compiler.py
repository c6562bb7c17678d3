from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Dialect, Executable
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.types import TypeEngine

Processor = Callable[[Any], Any]


class Statement:
    """A Core statement compiled once, then run on the driver itself: building and compiling one anew
    costs more than running it."""

    def __init__(self, clause: Executable, dialect: Dialect, *, is_planned_anew: bool = False) -> None:
        assert isinstance(clause, ClauseElement)
        compiled = clause.compile(dialect=dialect)
        self.sql = str(compiled)
        self.is_planned_anew = is_planned_anew
        """Whether the values decide how its rows are best found, so that no plan for any values will do."""
        names = compiled.positiontup  # type: ignore[attr-defined]
        self._fixed = dict(compiled.params)
        self._binds = [(name, _bind(compiled.binds[name].type, dialect)) for name in names]  # type: ignore[attr-defined]
        results = [_result(column.type, dialect) for column in _columns(clause)]
        self._results = results if any(results) else None

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """In the order of the placeholders."""
        fixed = self._fixed
        return [
            process(values[name] if name in values else fixed[name])
            if process
            else (values[name] if name in values else fixed[name])
            for name, process in self._binds
        ]

    def rows(self, found: list[Any]) -> list[Any]:
        """Each a sequence of Python values in the order of the columns."""
        if self._results is None:
            return found
        return [
            tuple(process(value) if process else value for process, value in zip(self._results, row, strict=True))
            for row in found
        ]


def _columns(clause: ClauseElement) -> list[Any]:
    if isinstance(clause, SelectBase):
        return list(clause.selected_columns)
    return list(clause.exported_columns) if isinstance(clause, UpdateBase) else []


def _bind(type_: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _result(type_: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)
