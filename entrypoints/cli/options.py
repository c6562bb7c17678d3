"""Options of commands, derived from the fields that the domain declares.

A field becomes an option by its type. A field of a type that is missing here fails the import.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import wraps
from types import NoneType
from typing import Annotated, Any, Final, TypeVar, get_args, get_type_hints

import typer

from domain.calendar import Due, parse_date_or_datetime
from domain.errors import InvalidValue
from domain.identity.user import Role
from domain.tasks.status import Status
from domain.tasks.tag import Tag
from domain.tasks.task import Priority

C = TypeVar("C", bound=Callable[..., Any])
T = TypeVar("T")


def parser(convert: Callable[[str], T]) -> Callable[[str], T]:
    """Report a value that the domain refuses as wrong usage."""

    def parse(text: str) -> T:
        try:
            return convert(text)
        except InvalidValue as error:
            raise typer.BadParameter(f"{error}.") from error

    return parse


@dataclass(frozen=True)
class Declaration:
    """How values of a type are given."""

    annotation: Any
    collect: Callable[[list[Any]], Any] | None = None
    """Makes the value from those of a repeated option."""
    name: str | None = None
    """The name of a repeated option, if it is not that of the field."""
    parse: Callable[[str], Any] | None = None
    metavar: str | None = None
    help: str = ""


def _one_of(values: type[Enum]) -> str:
    return f"<{'|'.join(each.value for each in values)}>"


ANY: Final = "Repeatable: one of these."
DATE: Final = "YYYY-MM-DD, or a date-time with an offset."

DECLARATIONS: Final[dict[Any, Declaration]] = {
    str: Declaration(str),
    bool: Declaration(bool),
    Status: Declaration(Status, metavar=_one_of(Status)),
    Priority: Declaration(Priority, metavar=_one_of(Priority)),
    Role: Declaration(Role, metavar=_one_of(Role)),
    Due: Declaration(str, parse=parser(lambda text: Due(parse_date_or_datetime(text))), metavar="<date>", help=DATE),
    frozenset({date, datetime}): Declaration(str, parse=parser(parse_date_or_datetime), metavar="<date>", help=DATE),
    frozenset[Status]: Declaration(list[Status], frozenset, "status", metavar=_one_of(Status), help=ANY),
    frozenset[Priority]: Declaration(list[Priority], frozenset, "priority", metavar=_one_of(Priority), help=ANY),
    frozenset[Tag]: Declaration(list[str], frozenset, "tag", parser(Tag), "<tag>", "Repeatable: all of these."),
    tuple[Tag, ...]: Declaration(list[str], tuple, "tag", parser(Tag), "<tag>", "Repeatable: all tags of the task."),
}
"""By the type of the field, without None."""

SUFFIXES: Final = {"_after": "From this time on:", "_before": "Before this time:"}
HELP: Final = {
    "search": "Words that must occur.",
    "completed": "Whether the status is completed.",
    "overdue": "Whether the due date has passed and the task is open.",
}


def with_options(parameter: str, declared: type[Any], build: Callable[..., Any]) -> Callable[[C], C]:
    """Replace a parameter of a command by an option for each field of `declared` that is no parameter of its own.

    Args:
        parameter: The parameter to replace. It gets `build(**given)`.
        declared: A class or TypedDict whose fields are annotated.
        build: Called with the values of the options that were given.
    """

    def decorate(command: C) -> C:
        signature = inspect.signature(command)
        options = {
            name: _option(name, hint) for name, hint in _fields(declared).items() if name not in signature.parameters
        }
        collect = {name: declaration.collect for name, (_, declaration) in options.items()}

        @wraps(command)
        def call(**arguments: Any) -> Any:
            values = {name: arguments.pop(name) for name in options}
            given = {
                name: (make(value) if (make := collect[name]) else value)
                for name, value in values.items()
                if value not in (None, [], ())
            }
            return command(**arguments, **{parameter: build(**given)})

        kept = [each for each in signature.parameters.values() if each.name != parameter]
        added = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=None)
            for name, (annotation, _) in options.items()
        ]
        kept = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in kept]
        call.__signature__ = signature.replace(parameters=[*kept, *added])  # type: ignore[attr-defined]
        call.__annotations__ = {each.name: each.annotation for each in (*kept, *added)}
        return call  # type: ignore[return-value]

    return decorate


def clearable(declared: type[Any]) -> tuple[str, ...]:
    """Return the names of the fields that may be None."""
    return tuple(name for name, hint in _fields(declared).items() if NoneType in get_args(hint))


def _fields(declared: type[Any]) -> dict[str, Any]:
    """Return the fields with their types, without class variables."""
    hints = get_type_hints(declared)
    names = [field.name for field in fields(declared)] if is_dataclass(declared) else hints
    return {name: hints[name] for name in names}


def _option(name: str, hint: Any) -> tuple[Any, Declaration]:
    declaration = DECLARATIONS[_without_none(hint)]
    option = (declaration.name or name).removeprefix("is_").replace("_", "-")
    text = next((text for suffix, text in SUFFIXES.items() if name.endswith(suffix)), HELP.get(name, ""))
    info = typer.Option(
        f"--{option}/--no-{option}" if declaration.annotation is bool else f"--{option}",
        help=f"{text} {declaration.help}".strip(),
        parser=declaration.parse,
        metavar=declaration.metavar,
        show_default=False,
    )
    return Annotated[declaration.annotation | None, info], declaration


def _without_none(hint: Any) -> Any:
    """Return a type without None: one type, or the set of several."""
    types = frozenset(get_args(hint)) - {NoneType}
    if NoneType not in get_args(hint) and hint in DECLARATIONS:
        return hint
    return next(iter(types)) if len(types) == 1 else types
