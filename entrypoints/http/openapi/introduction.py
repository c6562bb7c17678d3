"""The introduction of the OpenAPI document: `introduction.md`, with the limits that the settings choose."""

from pathlib import Path
from string import Template
from typing import Any, Final

from domain.files.file import File
from entrypoints.http.openapi.docstrings import unwrap
from entrypoints.settings import Settings

TEXT: Final = Path(__file__).with_name("introduction.md")

LIMITED: Final = "Each user and each address may send only so many requests."
UNLIMITED: Final = "This service has switched off its rate limits. These are the ones that it would apply:"
MATCH_IS_OPTIONAL: Final = "Without `If-Match`, the last change wins."
MATCH_IS_REQUIRED: Final = "This service requires `If-Match` for such changes: without it, the response is `428`."


def introduction(settings: Settings) -> dict[str, Any]:
    """Return the parts of `info` that describe the service as a whole."""
    text = Template(TEXT.read_text()).substitute(
        {name: _format(value) for name, value in settings},
        if_match=MATCH_IS_REQUIRED if settings.require_if_match else MATCH_IS_OPTIONAL,
        rate_limits=LIMITED if settings.rate_limit_enabled else UNLIMITED,
        max_file=_format(File.MAX_SIZE),
    )
    return {
        "description": unwrap(text),
        "contact": {"name": "The maintainers of Task Manager"},
        "license": {"name": "MIT License", "identifier": "MIT"},
    }


def _format(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value).replace("/", " per ")
