"""Conditions of the domain as SQL. The text of a query depends on the shape of its conditions, not on their values."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement

from adapters.sql.engine.dialects import SqlDialect
from domain.filters import Condition, ContainsWords

C = TypeVar("C", bound=Condition[Any])
Where = list[ColumnElement[bool]]
Values = dict[str, Any]

ConditionShape = tuple[type[Condition[Any]], Hashable]
"""All that the SQL of a condition depends on: its class, and its variant, for example the number of words."""


@dataclass(frozen=True, slots=True)
class ConditionSql(Generic[C]):
    """The SQL of one class of conditions. Names of parameters start with the name that the functions receive."""

    condition: type[C]
    where: Callable[[str, SqlDialect, Any], Where]
    """Build the expressions from the name, the dialect and the variant."""
    values: Callable[[str, SqlDialect, C], Values]
    """Return the values of the parameters."""
    variant: Callable[[C], Hashable] = lambda _: None
    """Return what the expressions depend on besides the class."""


class ConditionRegistry:
    """The SQL of all classes of conditions of a list. An unknown class raises KeyError.

    Each condition names its parameters by its position, so that several conditions of one class do not collide.
    """

    def __init__(self, *entries: ConditionSql[Any]) -> None:
        self._entries = {entry.condition: entry for entry in entries}
        self._ranks = {entry.condition: rank for rank, entry in enumerate(entries)}

    @property
    def classes(self) -> set[type[Condition[Any]]]:
        return set(self._entries)

    def shapes(self, conditions: Sequence[Condition[Any]]) -> tuple[ConditionShape, ...]:
        return tuple([(type(c), self._entries[type(c)].variant(c)) for c in conditions])

    def values(self, conditions: Sequence[Condition[Any]], dialect: SqlDialect) -> Values:
        values: Values = {}
        for position, condition in enumerate(conditions):
            values |= self._entries[type(condition)].values(f"condition_{position}", dialect, condition)
        return values

    def where(self, shapes: Sequence[ConditionShape], dialect: SqlDialect) -> Iterator[tuple[type[Any], Where]]:
        """Yield the expressions of each condition, in the order of the registry: fast conditions come first."""
        for position, (condition, variant) in sorted(enumerate(shapes), key=lambda item: self._ranks[item[1][0]]):
            yield condition, self._entries[condition].where(f"condition_{position}", dialect, variant)


def contains_words(column: ColumnElement[Any]) -> ConditionSql[ContainsWords]:
    """Search in a column with folded text.

    Words are repeated until their number is a power of two: compiling a statement for each number of words would take
    longer than the search. Indexes look up a repeated word again, which costs little.
    """
    return ConditionSql(
        ContainsWords,
        where=lambda name, dialect, count: [dialect.contains_text(column, f"{name}_{n}") for n in range(count)],
        values=lambda name, dialect, condition: {
            f"{name}_{n}": dialect.text_value(condition.words[n % len(condition.words)])
            for n in range(_number_of_words(condition))
        },
        variant=_number_of_words,
    )


def _number_of_words(condition: ContainsWords) -> int:
    return 1 << (len(condition.words) - 1).bit_length()
