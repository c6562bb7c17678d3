"""The result of a command: a table on a terminal, lines of tab-separated values in a pipe, or JSON.

Lines and JSON are stable for scripts. Items are the views of the API, so that both have the same names and values.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from domain.text import escape_unprintable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, as the API returns it.")]

MIN_WIDTH: Final = 10
"""Characters of a column whose values are wrapped."""

STYLES: Final = {
    "critical": "bold red",
    "high": "red",
    "low": "dim",
    "completed": "green",
    "in_progress": "cyan",
    "cancelled": "dim",
    "admin": "bold",
    "false": "red",
}
"""Colours of values."""


def print_json(view: object) -> None:
    """Print a view as JSON in ASCII, which every encoding has and which cannot control a terminal."""
    from pydantic_core import to_jsonable_python

    sys.stdout.write(f"{json.dumps(to_jsonable_python(view), indent=2)}\n")


def print_items(views: Iterable[object], fields: Sequence[str]) -> None:
    """Print some fields of each view: a table on a terminal, otherwise a line each.

    A terminal shows the field `id` under the next one, and leaves out the last fields if it is too narrow.
    """
    items = map(to_item, views)
    if not _is_terminal():
        for item in items:
            sys.stdout.write("\t".join(item[name] for name in fields) + "\n")
        return
    console = _console()
    if rows := list(items):
        console.print(table(rows, fields, console.width))


def print_item(view: object) -> None:
    """Print all fields of a view, a line each."""
    item = to_item(view)
    if not _is_terminal():
        sys.stdout.write("".join(f"{name}\t{value}\n" for name, value in item.items()))
        return
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in item.items():
        grid.add_row(Text(_title(name), "dim"), Text(value, STYLES.get(value, "")))
    _console().print(grid)


def to_item(view: object) -> dict[str, str]:
    """Return the fields of a view as text, escaped: a value adds no line and no column, and controls no terminal."""
    from pydantic_core import to_jsonable_python

    return {name: escape_unprintable(_text(value)) for name, value in to_jsonable_python(view).items()}


def table(items: Sequence[Mapping[str, str]], fields: Sequence[str], width: int) -> "Table":
    """Return a table with as many of the first fields as fit into the width."""
    from rich.table import Table
    from rich.text import Text

    first, *others = (name for name in fields if name != "id")
    has_id = "id" in fields
    main_width = max(len(item["id"]) for item in items) if has_id else MIN_WIDTH
    free = width - main_width
    shown = []
    for name in others:
        free -= 1 + min(max(len(item[name]) for item in items), 2 * MIN_WIDTH)
        if free < 0:
            break
        shown.append(name)
    result = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    result.add_column(_title(first), min_width=min(main_width, width), overflow="fold")
    for name in shown:
        result.add_column(_title(name), overflow="fold", min_width=min(max(len(i[name]) for i in items), 2 * MIN_WIDTH))
    for item in items:
        main = Text(item[first], "bold")
        if has_id:
            main.append(f"\n{item['id']}", "not bold dim")
        result.add_row(main, *(Text(item[name], STYLES.get(item[name], "")) for name in shown))
    return result


def print_note(text: str) -> None:
    """Print a hint to standard error, where it does not mix with the result."""
    typer.echo(text, err=True)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list():
            return ",".join(map(_text, value))
        case dict():
            return ",".join(f"{name}={_text(each)}" for name, each in value.items())
    return str(value)


def _title(name: str) -> str:
    return name.replace("_", " ")


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)
