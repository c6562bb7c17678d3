"""Optional dependencies, which the extras of the package install."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from entrypoints.setting_types import SettingsError

EXTRAS: Final = {
    "asyncpg": "postgres",
    "redis": "redis",
    "obstore": "s3",
    "httptools": "cli",
    "rich": "cli",
    "typer": "cli",
    "uvicorn": "cli",
}
"""The extra that installs each top-level module."""


def explanation(what: str, error: ModuleNotFoundError) -> str | None:
    """Return which extra installs the missing module, or None if no extra does."""
    extra = EXTRAS.get((error.name or "").partition(".")[0])
    return extra and f"{what} needs more packages: pip install 'task-manager[{extra}]'"


@contextmanager
def needing_extra(what: str) -> Iterator[None]:
    """Import modules that an extra installs.

    Raises:
        SettingsError: The extra is not installed. The message names it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (reason := explanation(what, error)) is None:
            raise
        raise SettingsError(reason) from error
