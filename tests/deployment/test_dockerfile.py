"""The Dockerfile follows the rules of hadolint that concern it, and some more.

Each rule has an example that breaks it.
"""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Final

import pytest

from tests.architecture.sources import ROOT
from tests.deployment.files import DOCKERFILE, instructions

SECRET: Final = re.compile(r"SECRET|PASSWORD|TOKEN|_KEY\b|CREDENTIAL", re.IGNORECASE)

FAULTY: Final = {
    "base image without a version": "FROM python",
    "base image without a version: latest": "FROM python:latest",
    "ADD instead of COPY": "ADD . /source",
    "secret in the image": "ENV SECRET_KEY=x",
    "relative WORKDIR": "WORKDIR source",
    "shell form of CMD": "CMD task-manager serve",
    "shell form of the health check": "HEALTHCHECK CMD curl localhost",
    "apt-get install asks": "RUN apt-get install --no-install-recommends x && rm -rf /var/lib/apt/lists/*",
    "apt-get install with recommended packages": "RUN apt-get install --yes x && rm -rf /var/lib/apt/lists/*",
    "lists of packages kept": "RUN apt-get install --yes --no-install-recommends x",
    "pip keeps a cache": "RUN pip install --require-hashes -r locks/run.txt",
    "pip installs packages without hashes": "RUN pip install --no-cache-dir x",
    "sudo": "RUN sudo true",
    "change of permissions for all": "RUN chmod -R 777 /var",
}


def faults(dockerfile: str) -> Iterator[str]:
    stages: set[str] = set()
    for name, rest in instructions(dockerfile):
        match name:
            case "FROM":
                image, _, stage = rest.partition(" AS ")
                stages.add(stage)
                if image not in stages and not re.search(r":(?!latest\b)\w|@sha256:[0-9a-f]{64}$", image):
                    yield "base image without a version" + (": latest" if image.endswith(":latest") else "")
            case "ADD":
                yield "ADD instead of COPY"
            case "ENV" | "ARG" if SECRET.search(rest):
                yield "secret in the image"
            case "WORKDIR" if not rest.startswith("/"):
                yield "relative WORKDIR"
            case "CMD" | "ENTRYPOINT" if not is_exec_form(rest):
                yield f"shell form of {name}"
            case "HEALTHCHECK" if not is_exec_form(rest.partition("CMD ")[2]):
                yield "shell form of the health check"
            case "RUN":
                yield from faults_of_commands(rest)


def is_exec_form(command: str) -> bool:
    try:
        return isinstance(json.loads(command), list)
    except ValueError:
        return False


def faults_of_commands(text: str) -> Iterator[str]:
    for command in text.split(" && "):
        if "apt-get install" in command and "--yes" not in command:
            yield "apt-get install asks"
        if "apt-get install" in command and "--no-install-recommends" not in command:
            yield "apt-get install with recommended packages"
        if "pip install" in command and "--no-cache" not in command:
            yield "pip keeps a cache"
        if "pip install" in command and not {"--require-hashes", "--no-deps"} & set(command.split()):
            yield "pip installs packages without hashes"
        if re.match(r"sudo\b", command):
            yield "sudo"
        if re.match(r"chmod\b.*\b0?777\b", command):
            yield "change of permissions for all"
    if "apt-get install" in text and "rm -rf /var/lib/apt/lists/*" not in text:
        yield "lists of packages kept"


def test_the_dockerfile_has_no_faults() -> None:
    assert list(faults(DOCKERFILE)) == []


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_dockerfile_is_found(fault: str) -> None:
    assert list(faults(FAULTY[fault])) == [fault]


def test_the_image_has_one_user_one_health_check_and_one_command() -> None:
    names = [name for name, _ in instructions()]

    assert {name: names.count(name) for name in ("USER", "HEALTHCHECK", "ENTRYPOINT", "CMD")} == {
        "USER": 1,
        "HEALTHCHECK": 1,
        "ENTRYPOINT": 1,
        "CMD": 1,
    }


@pytest.mark.parametrize("path", [".git", ".env", "data", "backups", "tests", ".venv", "entrypoints/__pycache__"])
def test_private_and_needless_files_are_not_sent_to_the_builder(path: str) -> None:
    is_ignored = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        if fnmatch(path, pattern) or fnmatch(path.rpartition("/")[2], pattern):
            is_ignored = not line.startswith("!")  # the last line that matches decides

    assert is_ignored
