"""Progress of long work, on the standard error of a terminal only."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


@contextmanager
def counting(description: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show a progress bar. Yield a function that takes the number of finished items."""
    with _progress() as progress:
        bar = progress.add_task(description, total=total)
        yield lambda done: progress.update(bar, completed=done)


@contextmanager
def stepping(description: str) -> Iterator[Callable[[str], None]]:
    """Show the current step of work of unknown length. Yield a function that takes the description of the next step."""
    with _progress() as progress:
        bar = progress.add_task(description, total=None)
        yield lambda step: progress.update(bar, description=step)


def _progress() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=None),
        TaskProgressColumn(show_speed=True),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not (sys.stderr and sys.stderr.isatty()),
    )
