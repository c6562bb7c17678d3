"""The workflows of continuous integration give no rights away, and run only what this project and its pins name.

Each rule has an example that breaks it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.architecture.sources import ROOT

WORKFLOWS: Final = sorted((ROOT / ".github/workflows").glob("*.yml"))
TARGETS: Final = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

MAY_WRITE: Final = {("release.yml", "publish", "id-token")}
"""The rights beyond reading: publishing proves its identity to the package index."""

VALID: Final = """
on: push
permissions: {contents: read}
jobs:
  job:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8
        with: {persist-credentials: false}
      - run: make check
"""
FAULTY: Final = {
    "permissions of the workflow": VALID.replace("{contents: read}", "{contents: write}"),
    "job may write": VALID.replace("timeout", "permissions: {packages: write}\n    timeout"),
    "runs with secrets for code of others": VALID.replace("on: push", "on: pull_request_target"),
    "job without a time limit": VALID.replace("timeout-minutes: 5", "needs: []"),
    "runner without a version": VALID.replace("ubuntu-24.04", "ubuntu-latest"),
    "action without a commit": VALID.replace("08c6903cd8c0fde910a37f88322edcfb5dd907a8", "v5"),
    "checkout keeps the token": VALID.replace("persist-credentials: false", "fetch-depth: 1"),
    "expression in a script": VALID.replace("make check", "echo ${{ github.event.pull_request.title }}"),
    "unknown target of make": VALID.replace("make check", "make everything"),
    "missing script": VALID.replace("make check", "sh tests/missing.sh"),
}


def faults(name: str, text: str) -> Iterator[str]:
    workflow = yaml.safe_load(text)
    triggers = workflow[True]  # YAML 1.1 reads `on` as a boolean
    if workflow["permissions"] != {"contents": "read"}:
        yield "permissions of the workflow"
    if {"pull_request_target", "workflow_run", "issue_comment"} & set(
        [triggers] if isinstance(triggers, str) else triggers
    ):
        yield "runs with secrets for code of others"
    for job_name, job in workflow["jobs"].items():
        written = {right for right, level in job.get("permissions", {}).items() if level != "read"}
        if any((name, job_name, right) not in MAY_WRITE for right in written):
            yield "job may write"
        if "timeout-minutes" not in job:
            yield "job without a time limit"
        if not re.fullmatch(r"ubuntu-\d\d\.\d\d", job["runs-on"]):
            yield "runner without a version"
        for step in job["steps"]:
            yield from faults_of_step(step)


def faults_of_step(step: dict[str, Any]) -> Iterator[str]:
    action, script = step.get("uses", ""), step.get("run", "")
    if action and not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action):
        yield "action without a commit"
    if action.startswith("actions/checkout@") and step.get("with", {}).get("persist-credentials") is not False:
        yield "checkout keeps the token"
    if "${{" in script:  # `env` passes values that a script cannot mistake for commands
        yield "expression in a script"
    if not set(re.findall(r"\bmake ([\w-]+)", script)) <= TARGETS:
        yield "unknown target of make"
    if not all((ROOT / path).is_file() for path in re.findall(r"\bsh (\S+\.sh)", script)):
        yield "missing script"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_faults(path: Path) -> None:
    assert list(faults(path.name, path.read_text())) == []


def test_actions_have_one_version_in_all_workflows() -> None:
    used = {use for path in WORKFLOWS for use in re.findall(r"uses: (\S+@\w+ # v\S+)", path.read_text())}

    assert len(used) == len({use.partition("@")[0] for use in used}) >= 4


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_workflow_is_found(fault: str) -> None:
    assert list(faults("check.yml", FAULTY[fault])) == [fault]


def test_continuous_integration_runs_make_check_on_every_supported_python() -> None:
    job = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text())["jobs"]["check"]

    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert "make check" in [step.get("run") for step in job["steps"]]


def test_continuous_integration_installs_the_wheel_and_uses_the_composition() -> None:
    job = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text())["jobs"]["composition"]
    commands = "\n".join(step.get("run", "") for step in job["steps"])

    assert "hatchling build -t wheel" in commands
    assert "installed/bin/task-manager migrate" in commands
    assert "sh tests/deployment/composition.sh" in commands
