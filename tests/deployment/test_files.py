"""What deploys the service names nothing that is not there."""

import json
import re
import shlex
from fnmatch import fnmatch
from typing import Final

import pytest
import yaml
from typer.main import get_command

from entrypoints.cli.main import app
from entrypoints.settings import Settings
from tests.architecture.sources import ROOT
from tests.deployment.files import COMPOSE, EXAMPLE, GIVEN, VARIABLE, compose, instructions, last_stage, programs

SETTINGS: Final = {name.upper() for name in Settings.model_fields}
OF_THE_SYSTEM: Final = {"TMPDIR", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


def test_everything_our_programs_are_told_is_a_setting() -> None:
    told = {name for service in programs().values() for name in service["environment"]}
    of_the_image = {part.partition("=")[0] for part in shlex.split(last_stage()["ENV"])}

    assert told | of_the_image <= SETTINGS | OF_THE_SYSTEM


def test_the_example_names_every_variable_with_the_default_it_has() -> None:
    found = VARIABLE.findall(COMPOSE)

    assert {name for name, _, _ in found} == set(EXAMPLE)
    assert {(name, default) for name, kind, default in found if kind == "-"} == {
        (name, value) for name, value in EXAMPLE.items() if value
    }


@pytest.mark.parametrize("name", [name for name, value in EXAMPLE.items() if not value])
def test_what_has_no_default_must_be_given(name: str) -> None:
    with pytest.raises(LookupError, match=name):
        compose({given: value for given, value in GIVEN.items() if given != name})


def test_no_secret_has_a_default() -> None:
    assert [name for name, value in EXAMPLE.items() if value and re.search("PASSWORD|KEY|SECRET|MAIL", name)] == []


def test_only_the_proxy_is_reached_from_outside_and_by_default_from_this_machine_alone() -> None:
    published = {name: service["ports"] for name, service in compose()["services"].items() if "ports" in service}

    assert set(published) == {"proxy"}
    assert all(port.startswith("127.0.0.1:") for port in published["proxy"])


def test_our_programs_can_change_nothing_of_their_machine() -> None:
    assert set(programs()) == {"service", "worker", "migrate", "operator"}
    for service in programs().values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]


def test_whoever_reads_or_writes_files_has_the_volume_they_lie_in() -> None:
    for name in ("service", "worker", "operator"):
        told = programs()[name]
        mounted = [volume.partition(":")[2] for volume in told["volumes"]]
        assert told["environment"]["FILES_URL"].removeprefix("file://") in mounted


def test_every_command_is_one_of_ours() -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    told = [service["command"] for service in programs().values()] + [json.loads(last_stage()["CMD"])]

    assert {command[0] for command in told} - {"--help"} <= known
    assert json.loads(last_stage()["ENTRYPOINT"]) == ["task-manager"]


def test_the_image_runs_as_nobody_in_particular_and_stops_when_told() -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", last_stage()["USER"])
    assert last_stage()["STOPSIGNAL"] == "SIGTERM"


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    kept = [line[1:] for line in ignored if line.startswith("!")]
    copied = [
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]

    assert ignored[0] == "*"
    assert len(copied) > 5
    for source in copied:
        assert (ROOT / source).exists()
        assert any(fnmatch(source, pattern) for pattern in kept), source


def test_both_stages_have_a_python_that_the_service_supports() -> None:
    bases = {rest.partition(" AS ")[0] for name, rest in instructions() if name == "FROM"}

    assert len(bases) == 1
    assert re.match(r"python:3\.1[123]-slim", bases.pop())


def test_the_continuous_check_is_the_one_of_the_makefile_on_every_python() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text())
    job = workflow["jobs"]["check"]

    assert workflow["permissions"] == {"contents": "read"}
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert "make check" in [step.get("run") for step in job["steps"]]
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"]) for step in job["steps"] if "uses" in step)
