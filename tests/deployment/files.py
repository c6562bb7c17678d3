"""The files that operators start the service with, read as their programs read them."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

from tests.architecture.sources import ROOT

VARIABLE: Final = re.compile(r"\$\{(\w+)(?::(-|\?)([^}]*))?\}")

COMPOSE: Final = (ROOT / "compose.yaml").read_text()
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()

EXAMPLE: Final[dict[str, str]] = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))

GIVEN: Final = EXAMPLE | {
    "SITE": "tasks.example.com",
    "SECRET_KEY": "0123456789abcdef" * 4,
    "POSTGRES_PASSWORD": "fedcba9876543210" * 3,
    "MAIL_URL": "console:",
    "MAIL_FROM": "Tasks <tasks@example.com>",
}
"""What an operator would fill in."""


def compose(given: Mapping[str, str] = GIVEN) -> dict[str, Any]:
    """Raises LookupError for a variable that must be set and is not."""

    def value(found: re.Match[str]) -> str:
        name, kind, default = found.groups()
        if text := given.get(name):
            return text
        if kind != "-":
            raise LookupError(name)
        return str(default)

    def filled(part: Any) -> Any:
        match part:
            case dict():
                return {name: filled(inner) for name, inner in part.items()}
            case list():
                return [filled(inner) for inner in part]
            case str():
                return VARIABLE.sub(value, part)
        return part

    loaded: dict[str, Any] = filled(yaml.safe_load(COMPOSE))
    return loaded


def programs() -> dict[str, Any]:
    """The services of compose.yaml that are ours."""
    services: dict[str, Any] = compose()["services"]
    return {name: service for name, service in services.items() if service["image"] == "task-manager"}


def instructions() -> list[tuple[str, str]]:
    """Of all stages."""
    lines = [line for line in DOCKERFILE.splitlines() if not line.startswith("#")]
    whole = "\n".join(lines).replace("\\\n", " ")
    return [
        (name, " ".join(rest.split())) for name, _, rest in (line.partition(" ") for line in whole.splitlines()) if name
    ]


def last_stage() -> dict[str, str]:
    """The last instruction of each name."""
    start = max(index for index, (name, _) in enumerate(instructions()) if name == "FROM")
    return dict(instructions()[start:])


def health_check() -> list[str]:
    command = last_stage()["HEALTHCHECK"].partition("CMD ")[2]
    return [str(part) for part in json.loads(command)]
