"""The manifests of Kubernetes fit the image, the settings and the service.

They were validated against the schemas of Kubernetes 1.30 to 1.37 by hand: the schemas are too large for this suite.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml

from entrypoints.http.app import create_app
from entrypoints.server.signals import GRACE_PERIOD
from entrypoints.settings import Settings
from entrypoints.wiring.container import Container
from tests.architecture.sources import ROOT
from tests.deployment.commands import parse_command
from tests.deployment.files import last_stage
from tests.deployment.test_files import OF_S3, OF_THE_SYSTEM
from tests.entrypoints.given import load_settings

FOLDER: Final = ROOT / "deploy/kubernetes"
KUSTOMIZATION: Final = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
MANIFESTS: Final = [
    part for name in KUSTOMIZATION["resources"] for part in yaml.safe_load_all((FOLDER / name).read_text())
]
BY_NAME: Final = {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in MANIFESTS}
SECRETS: Final = dict(re.findall(r"^(\w+)=(.*)$", (FOLDER / "secrets.example.env").read_text(), re.MULTILINE))
SETTINGS: Final[dict[str, str]] = BY_NAME["ConfigMap", "task-manager"]["data"]


def pods(part: Any) -> Iterator[dict[str, Any]]:
    """Return the specifications of pods in a manifest."""
    match part:
        case {"containers": _}:
            yield part
        case dict():
            for inner in part.values():
                yield from pods(inner)


PODS: Final = {
    manifest["metadata"]["labels"]["app.kubernetes.io/component"]: pod
    for manifest in MANIFESTS
    for pod in pods(manifest)
}


def container(component: str) -> dict[str, Any]:
    (found,) = PODS[component]["containers"]
    return dict(found)


def test_every_manifest_is_listed() -> None:
    assert {path.name for path in FOLDER.glob("*.yaml")} == {*KUSTOMIZATION["resources"], "kustomization.yaml"}
    assert set(PODS) == {"service", "worker", "migrate", "backup", "operator"}
    assert len(BY_NAME) == len(MANIFESTS)


@pytest.mark.parametrize("component", PODS)
def test_pods_are_unprivileged_and_limited(component: str) -> None:
    user, group = map(int, last_stage()["USER"].split(":"))
    pod, given = PODS[component], container(component)

    assert pod["automountServiceAccountToken"] is False
    assert (
        pod["securityContext"].items()
        >= {
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": group,
            "seccompProfile": {"type": "RuntimeDefault"},
        }.items()
    )
    assert given["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(given["resources"]["requests"]) == {"cpu", "memory"}
    assert "memory" in given["resources"]["limits"]
    assert {"name": "tmp", "mountPath": "/tmp"} in given["volumeMounts"]
    assert {mount["name"] for mount in given["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


@pytest.mark.parametrize("component", PODS)
def test_all_pods_use_one_image_with_the_version_of_the_project(component: str) -> None:
    (image,) = KUSTOMIZATION["images"]
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)

    assert version is not None
    assert container(component)["image"] == f"{image['name']}:{image['newTag']}" == f"task-manager:{version[1]}"


@pytest.mark.parametrize("component", sorted(PODS.keys() - {"operator"}))
def test_commands_of_pods_are_valid(component: str) -> None:
    parse_command(container(component)["args"])


@pytest.mark.parametrize("component", PODS)
def test_pods_get_the_settings_and_only_those_that_migrate_get_the_rights_of_the_owner(component: str) -> None:
    sources = [source for entry in container(component)["envFrom"] for source in entry.values()]
    owner = ["task-manager-owner"] if component in ("migrate", "operator") else []

    assert [source["name"] for source in sources] == ["task-manager", "task-manager", *owner]


def test_settings_and_secrets_are_valid_once_they_are_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {name.upper() for name in Settings.model_fields}
    assert SETTINGS.keys() | SECRETS.keys() <= names | OF_S3 | OF_THE_SYSTEM
    assert SETTINGS.keys() & SECRETS.keys() == set()
    assert SECRETS["SECRET_KEY"] == SECRETS["AWS_SECRET_ACCESS_KEY"] == ""
    for name, value in (SETTINGS | SECRETS | {"SECRET_KEY": "0123456789abcdef" * 4}).items():
        monkeypatch.setenv(name, value)

    settings = load_settings(_env_file=None)

    assert (settings.environment, settings.jobs_in_process) == ("production", False)


def test_probes_request_existing_paths_of_the_port_of_the_image() -> None:
    given = container("service")
    probes = {name: given[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    (port,) = given["ports"]
    paths = {getattr(route, "path", None) for route in create_app(Container()).routes}

    assert {probe["port"] for probe in probes.values()} == {port["name"]}
    assert f"PORT={port['containerPort']}" in last_stage()["ENV"].split()
    assert {probe["path"] for probe in probes.values()} <= paths
    assert probes["liveness"]["path"] == "/health"  # a restart does not repair the database


def test_kubernetes_waits_until_pods_have_ended() -> None:
    sleep = container("service")["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert PODS["service"]["terminationGracePeriodSeconds"] > sleep + GRACE_PERIOD
    assert PODS["worker"]["terminationGracePeriodSeconds"] > GRACE_PERIOD


def test_selectors_find_the_pods_of_the_service() -> None:
    deployment = BY_NAME["Deployment", "task-manager"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]

    assert deployment["selector"]["matchLabels"] == labels
    assert BY_NAME["Service", "task-manager"]["spec"]["selector"] == labels
    assert BY_NAME["PodDisruptionBudget", "task-manager"]["spec"]["selector"]["matchLabels"] == labels
    assert BY_NAME["NetworkPolicy", "task-manager-service"]["spec"]["podSelector"]["matchLabels"] == labels
    assert BY_NAME["NetworkPolicy", "task-manager"]["spec"]["podSelector"]["matchLabels"].items() <= labels.items()


def test_the_ingress_blocks_monitoring() -> None:
    (rule,) = BY_NAME["Ingress", "task-manager"]["spec"]["rules"]
    backends = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}

    assert backends == {"/monitoring": "task-manager-blocked", "/": "task-manager"}
    assert "selector" not in BY_NAME["Service", "task-manager-blocked"]["spec"]


def test_the_backup_is_written_to_its_volume() -> None:
    given = container("backup")

    assert given["args"][1] in {mount["mountPath"] for mount in given["volumeMounts"]}
    assert {"name": "backups", "persistentVolumeClaim": {"claimName": "task-manager-backups"}} in PODS["backup"][
        "volumes"
    ]


def test_prometheus_reaches_the_port_of_the_worker() -> None:
    given, policy = container("worker"), BY_NAME["NetworkPolicy", "task-manager-worker"]["spec"]
    (port,) = given["ports"]

    assert (
        policy["podSelector"]["matchLabels"]
        == BY_NAME["Deployment", "task-manager-worker"]["spec"]["selector"]["matchLabels"]
    )
    assert policy["ingress"][0]["ports"] == [{"port": port["name"]}]
    assert given["livenessProbe"]["httpGet"] == {"path": "/health", "port": port["name"]}
    assert {"name": "WORKER_PORT", "value": str(port["containerPort"])} in given["env"]
