"""Parsers of the deployment files, which read them as Docker does."""

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
    "MAIL_URL": "smtp://tasks:password@mail.example.com",
    "MAIL_FROM": "Tasks <tasks@example.com>",
}
"""The values that an operator fills in."""


def compose(given: Mapping[str, str] = GIVEN, name: str = "compose.yaml") -> dict[str, Any]:
    """Return a Compose file with variables replaced.

    Raises:
        LookupError: A required variable is missing.
    """

    def value(found: re.Match[str]) -> str:
        variable, kind, default = found.groups()
        if text := given.get(variable):
            return text
        if kind != "-":
            raise LookupError(variable)
        return str(default)

    def substitute(part: Any) -> Any:
        match part:
            case dict():
                return {key: substitute(inner) for key, inner in part.items()}
            case list():
                return [substitute(inner) for inner in part]
            case str():
                return VARIABLE.sub(value, part)
        return part

    loaded: dict[str, Any] = substitute(yaml.safe_load((ROOT / name).read_text()))
    return loaded


def programs() -> dict[str, Any]:
    """Return the services of compose.yaml that run this project."""
    services: dict[str, Any] = compose()["services"]
    return {name: service for name, service in services.items() if service["image"] == "task-manager"}


def instructions(dockerfile: str = DOCKERFILE) -> list[tuple[str, str]]:
    """Return the instructions of all stages of a Dockerfile."""
    lines = [line for line in dockerfile.splitlines() if not line.startswith("#")]
    whole = "\n".join(lines).replace("\\\n", " ")
    return [
        (name, " ".join(rest.split())) for name, _, rest in (line.partition(" ") for line in whole.splitlines()) if name
    ]


def last_stage() -> dict[str, str]:
    """Return the last instruction of each name."""
    start = max(index for index, (name, _) in enumerate(instructions()) if name == "FROM")
    return dict(instructions()[start:])


def health_check() -> list[str]:
    command = last_stage()["HEALTHCHECK"].partition("CMD ")[2]
    return [str(part) for part in json.loads(command)]
