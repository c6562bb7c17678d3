"""Query parameters of lists, derived from the fields of their filters.

A field becomes a parameter by its type. A field of a type that is missing here fails the import.
"""

from dataclasses import fields
from typing import Annotated, Any, ClassVar, Final, TypeVar, get_type_hints

from pydantic import Field, create_model

from domain.calendar import DateOrDatetime
from domain.identity.user import Role
from domain.tasks.status import Status
from domain.tasks.tag import Tag
from domain.tasks.task import Priority
from domain.tasks.task_query import TaskFilter
from entrypoints.http.schemas.fields import (
    NO_NUL,
    DateOrDatetimeText,
    Flag,
    PriorityName,
    RoleName,
    StatusName,
    TagList,
    TagNames,
)
from entrypoints.http.schemas.paging import PageQuery

F = TypeVar("F")

PARAMETERS: Final[dict[Any, tuple[Any, Any]]] = {
    frozenset[Status]: (list[StatusName], []),
    frozenset[Priority]: (list[PriorityName], []),
    frozenset[Tag]: (TagNames, []),
    bool | None: (Flag | None, None),
    str: (Annotated[str, Field(max_length=TaskFilter.MAX_SEARCH, pattern=NO_NUL)], ""),
    DateOrDatetime | None: (DateOrDatetimeText | None, None),
    Role | None: (RoleName | None, None),
}
"""The annotation and the default of the parameter, by the type of the field."""

NAMES: Final = {"statuses": "status", "priorities": "priority", "tags": "tag"}
"""Names of repeatable parameters, by the name of the field."""

TAG_LIST: Final = Field(
    None,
    description="Several tags in one parameter, separated by commas. A task must have all of them, and all in `tag`.",
)


class FilterQuery(PageQuery):
    """The base of models that `filter_query` creates."""

    filter_type: ClassVar[type[Any]]
    """The filter, whose fields describe the parameters."""

    @staticmethod
    def parameter_of(field: str) -> str:
        """Return the name of the parameter for a field of the filter."""
        return NAMES.get(field, field)

    def to_filter(self, filter: type[F]) -> F:
        """Return the filter with the values of the parameters."""
        given: dict[str, Any] = self.__dict__
        values: dict[str, Any] = {}
        for name, parameter in _names(filter):
            value = given[parameter]
            values[name] = frozenset(value) if isinstance(value, list | tuple) else value
        if "tags" in values:
            values["tags"] |= given["tags"] or frozenset()
        return filter(**values)


def _names(filter: type[Any]) -> tuple[tuple[str, str], ...]:
    """Return the name of each field and of its parameter."""
    return tuple((field.name, FilterQuery.parameter_of(field.name)) for field in fields(filter))


def filter_query(filter: type[Any]) -> type[FilterQuery]:
    """Return a model of the query parameters for a filter and for paging."""
    parameters: dict[str, Any] = {}
    hints = get_type_hints(filter)
    for name, parameter in _names(filter):
        parameters[parameter] = PARAMETERS[hints[name]]
        if name == "tags":
            parameters["tags"] = (TagList | None, TAG_LIST)
    query: type[FilterQuery] = create_model(f"{filter.__name__}Query", __base__=FilterQuery, **parameters)
    query.filter_type = filter
    return query
