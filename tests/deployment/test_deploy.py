"""deploy/deploy.sh replaces one instance after the other, and goes back if a step fails.

`fake_docker.sh` stands for Docker, which the test suite does not need. `composition.sh` runs the script with Docker.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.sources import ROOT

CHECKED, BACKED_UP, MIGRATED = "compose config", "operator backup", "-T migrate"

FAILURES: Final = {
    CHECKED: "failed during: check. Nothing was changed.",
    BACKED_UP: "failed during: backup. Nothing was changed.",
    "compose build": "failed during: build. The instances were not replaced",
    MIGRATED: "failed during: migrate. The instances were not replaced",
    "--scale service=3": "failed during: roll. Rolling back",
    "compose exec": "failed during: verify. Rolling back",
}


@dataclass
class Deployment:
    """Two instances and a worker with the image `old`. The deployment before replaced the image `oldest`."""

    state: Path

    def __post_init__(self) -> None:
        for folder in ("instances", "tags", "programs"):
            (self.state / folder).mkdir()
        for path in ("instances/first", "instances/second", "worker", "tags/task-manager"):
            (self.state / path).write_text("old\n")
        (self.state / "tags/task-manager:previous").write_text("oldest\n")
        (self.state / "programs/docker").symlink_to(ROOT / "tests/deployment/fake_docker.sh")

    def run(
        self, *arguments: str, fail: str = "nothing", failures: int = 1, unready: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        given = {
            "STATE": str(self.state),
            "FAIL": fail,
            "FAILURES": str(failures),
            "UNREADY": unready,
            "DEPLOY_TIMEOUT": "0",
        }
        path = f"{self.state / 'programs'}:{os.defpath}"
        return subprocess.run(
            ["sh", ROOT / "deploy/deploy.sh", *arguments],
            env={"PATH": path, **given},
            capture_output=True,
            text=True,
            timeout=60,
        )

    @property
    def calls(self) -> str:
        return (self.state / "calls").read_text()

    def image(self, name: str) -> str:
        return (self.state / name).read_text().strip()

    @property
    def instances(self) -> list[str]:
        return [path.read_text().strip() for path in (self.state / "instances").iterdir()]

    @property
    def fewest_ready(self) -> int:
        """How many instances were ready at least after one was removed."""
        return min(map(int, (self.state / "ready").read_text().split()))


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path)


def test_a_deployment_replaces_one_instance_after_the_other(deployment: Deployment) -> None:
    done = deployment.run()

    assert done.returncode == 0, done.stderr
    assert deployment.instances == ["new", "new"]
    assert deployment.image("worker") == "new"
    assert deployment.image("tags/task-manager:previous") == "old"
    assert deployment.fewest_ready == 2
    steps = [deployment.calls.index(call) for call in (CHECKED, BACKED_UP, "compose build", MIGRATED, "compose up")]
    assert steps == sorted(steps)
    for word in ("checking", "backing up", "building", "migrating", "starting", "stopping", "worker", "verifying"):
        assert word in done.stdout


@pytest.mark.parametrize("call", FAILURES)
def test_a_failed_step_leaves_the_image_that_ran_before(deployment: Deployment, call: str) -> None:
    done = deployment.run(fail=call)

    assert FAILURES[call] in done.stdout
    assert deployment.instances == ["old", "old"]
    assert deployment.image("worker") == "old"
    assert deployment.image("tags/task-manager") == "old"
    assert deployment.image("tags/task-manager:previous") == "oldest"
    assert done.returncode == 1


def test_a_failed_way_back_is_reported(deployment: Deployment) -> None:
    done = deployment.run(fail="compose exec", failures=2)

    assert "Rolling back failed too. See: docker compose ps" in done.stdout
    assert done.returncode == 2


def test_instances_that_do_not_become_ready_are_removed_and_the_others_stay(deployment: Deployment) -> None:
    done = deployment.run(unready="new")

    assert done.returncode == 1
    assert "not ready after 0 seconds" in done.stderr
    assert "Rolled back" in done.stdout
    assert deployment.instances == ["old", "old"]
    assert deployment.fewest_ready == 2
    assert "stop " not in deployment.calls


def test_rollback_replaces_the_instances_by_those_of_the_previous_image(deployment: Deployment) -> None:
    done = deployment.run("rollback")

    assert done.returncode == 0, done.stderr
    assert deployment.instances == ["oldest", "oldest"]
    assert deployment.image("tags/task-manager:previous") == "old"
    assert deployment.fewest_ready == 2
    assert "migrate" not in deployment.calls


def test_a_deployment_keeps_its_backup(deployment: Deployment) -> None:
    deployment.run()

    assert re.search(r"operator backup /backups/before-upgrade-\d{8}T\d{6}Z\.zip$", deployment.calls, re.MULTILINE)


def test_nothing_is_deployed_while_an_instance_is_not_ready(deployment: Deployment) -> None:
    done = deployment.run(unready="old")

    assert done.returncode == 1
    assert "is not ready; repair this before a deployment" in done.stderr
    assert "operator backup" not in deployment.calls
