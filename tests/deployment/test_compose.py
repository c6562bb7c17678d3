"""compose.yaml and compose.dev.yaml follow the Compose Specification, and limit and restart each service.

`compose-spec.json` is the JSON schema of the Compose Specification (github.com/compose-spec/compose-spec), as Docker
Compose 2.40.3 contains it. It has the Apache License 2.0, which is in `compose-spec.LICENSE`.
"""

import json
import re
from typing import Any, Final

import jsonschema_rs
import pytest

from entrypoints.settings import Settings
from tests.architecture.sources import ROOT
from tests.deployment.files import EXAMPLE, GIVEN, compose, programs

SCHEMA: Final = json.loads((ROOT / "tests/deployment/compose-spec.json").read_text())
FILES: Final = {"compose.yaml": compose(), "compose.dev.yaml": compose({}, "compose.dev.yaml")}
UNITS: Final = {"K": 2**10, "M": 2**20, "G": 2**30}

NOT_PASSED: Final = {
    "STORAGE": "the composition has a database",
    "HOST": "the image sets it",
    "PORT": "the image sets it",
    "MIGRATE_ON_START": "the service `migrate` migrates",
    "LOG_FILE": "the containers are read-only; Docker rotates their output",
    "LOG_FILE_BYTES": "see LOG_FILE",
    "LOG_FILE_COUNT": "see LOG_FILE",
    "ROOT_PATH": "the proxy of the composition strips no path",
    "AUDIT_LOG": "the containers are read-only; Docker rotates their output",
}
"""The settings that operators of the composition do not need."""

WITHOUT_HEALTH_CHECK: Final = {
    "proxy": "its checks need the certificate of SITE; deploy.sh checks that it reaches the instances",
    "migrate": "it ends",
    "operator": "it ends",
}


def bytes_of(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([KMG])B?", text.upper()).groups()  # type: ignore[union-attr]
    return int(number) * UNITS[unit]


def limits(service: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = service["deploy"]["resources"]["limits"]
    return found


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_valid_for_compose(name: str) -> None:
    validator = jsonschema_rs.Draft7Validator(SCHEMA)

    assert [error.message for error in validator.iter_errors(FILES[name])] == []
    assert "$" not in json.dumps(FILES[name])
    assert not validator.is_valid({"services": {"service": {"restarts": "always"}}})


@pytest.mark.parametrize("name", FILES)
def test_every_service_has_limits_and_bounded_logs_and_restarts_or_ends(name: str) -> None:
    for service_name, service in FILES[name]["services"].items():
        assert {"memory", "pids"} <= set(limits(service)), service_name
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}, service_name
        assert service["restart"] == ("no" if service_name in {"migrate", "operator"} else "unless-stopped")


def test_every_service_is_read_only_and_without_capabilities() -> None:
    for name, service in FILES["compose.yaml"]["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "cpus" in limits(service), name


def test_every_service_has_a_health_check_or_a_reason() -> None:
    without = {
        name
        for name, service in FILES["compose.yaml"]["services"].items()
        if service.get("healthcheck") == {"disable": True}
        or ("healthcheck" not in service and service["image"] != "task-manager")  # the image has one
    }

    assert without == set(WITHOUT_HEALTH_CHECK)


def test_up_with_wait_ends_with_success() -> None:
    """Compose reports a failure for a running service that disables the health check of its image."""
    for name, service in FILES["compose.yaml"]["services"].items():
        assert service.get("healthcheck") != {"disable": True} or service["restart"] == "no", name


def test_services_depend_on_conditions_that_can_occur() -> None:
    for file in FILES.values():
        services = file["services"]
        for service in services.values():
            for name, dependency in service.get("depends_on", {}).items():
                if dependency["condition"] == "service_completed_successfully":
                    assert services[name]["restart"] == "no"
                else:
                    assert name not in WITHOUT_HEALTH_CHECK


def test_the_memory_of_postgres_suffices_for_its_settings() -> None:
    services = FILES["compose.yaml"]["services"]
    postgres, service = services["postgres"], services["service"]
    given = dict(part.removeprefix("--").split("=") for part in postgres["command"][1:])
    memory, shared = bytes_of(limits(postgres)["memory"]), bytes_of(given["shared_buffers"])
    instances = int(service["deploy"]["replicas"]) + 1  # an upgrade starts one more
    connections = 10 * (instances * int(service["environment"]["WORKERS"]) + 2)  # and a worker and an operator
    used = shared + bytes_of(postgres["shm_size"]) + connections * bytes_of("10M")

    assert connections < int(given["max_connections"])
    assert used < memory
    assert bytes_of(given["effective_cache_size"]) <= memory - connections * bytes_of("10M")


def test_the_memory_of_the_service_suffices_for_slow_readers_on_all_connections() -> None:
    service = FILES["compose.yaml"]["services"]["service"]
    of_a_process = bytes_of("200M") + Settings.model_fields["max_connections"].default * bytes_of("205K")

    assert int(service["environment"]["WORKERS"]) * of_a_process < bytes_of(limits(service)["memory"])


def test_valkey_has_memory_beyond_that_of_its_data() -> None:
    valkey = FILES["compose.yaml"]["services"]["valkey"]
    data = valkey["command"][valkey["command"].index("--maxmemory") + 1]

    assert 1.5 * bytes_of(data.removesuffix("b")) < bytes_of(limits(valkey)["memory"])


def test_the_services_get_every_setting_that_an_operator_may_need() -> None:
    settings = {name.upper() for name in Settings.model_fields}
    for name, service in programs().items():
        of_workers = set() if name == "worker" else {"WORKER_PORT"}
        assert settings - set(service["environment"]) == set(NOT_PASSED) | of_workers, name


def test_required_settings_of_production_have_values_and_others_come_from_env() -> None:
    environment = programs()["service"]["environment"]
    passed = {name: value for name, value in environment.items() if value is None}

    assert not set(passed) & set(EXAMPLE)  # those have a default in the file
    Settings(_env_file=None, **{name.lower(): value for name, value in environment.items() if name not in passed})


def test_development_reloads_the_mounted_code_and_prints_mails() -> None:
    service = FILES["compose.dev.yaml"]["services"]["service"]
    source = service["environment"]["PYTHONPATH"]

    assert service["command"] == ["serve", "--reload"]
    assert f".:{source}:ro" in service["volumes"]
    assert service["environment"]["MAIL_URL"] == "console:"
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert GIVEN["SITE"] not in json.dumps(FILES["compose.dev.yaml"])
