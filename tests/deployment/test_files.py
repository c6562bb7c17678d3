"""The deployment files refer only to settings, commands and files that exist."""

import json
import re
import shlex
from configparser import ConfigParser
from fnmatch import fnmatch
from typing import Final

import pytest
from typer.main import get_command

from adapters.sql.engine.postgres import LOCK_TIMEOUT, MARGIN
from application.platform.time_limit import REQUEST_SECONDS
from entrypoints.cli.app import app
from entrypoints.server.protocol import DeadlineProtocol
from entrypoints.settings import Settings
from tests.architecture.sources import ROOT
from tests.deployment.files import COMPOSE, EXAMPLE, GIVEN, VARIABLE, compose, instructions, last_stage, programs

SETTINGS: Final = {name.upper() for name in Settings.model_fields}
OF_S3: Final = {
    f"AWS_{name}" for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "REGION", "ENDPOINT_URL", "ALLOW_HTTP")
}
OF_THE_SYSTEM: Final = {"TMPDIR", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


OPTIONAL: Final = {name for name, kind, _ in VARIABLE.findall(COMPOSE) if kind == "-"}


def test_every_environment_variable_of_compose_is_a_setting() -> None:
    given = {name for service in programs().values() for name in service["environment"]}
    of_the_image = {part.partition("=")[0] for part in shlex.split(last_stage()["ENV"])}

    assert given | of_the_image <= SETTINGS | OF_S3 | OF_THE_SYSTEM


def test_the_example_file_lists_every_variable_with_its_default() -> None:
    found = VARIABLE.findall(COMPOSE)

    assert {name for name, _, _ in found} == set(EXAMPLE)
    assert {name: EXAMPLE[name] for name, _, _ in found} == {name: default for name, _, default in found}


@pytest.mark.parametrize("name", sorted(set(EXAMPLE) - OPTIONAL))
def test_variables_without_a_default_are_required(name: str) -> None:
    with pytest.raises(LookupError, match=name):
        compose({given: value for given, value in GIVEN.items() if given != name})


def test_no_secret_has_a_default() -> None:
    assert [name for name, value in EXAMPLE.items() if value and re.search("PASSWORD|KEYS?$|MAIL", name)] == []


def test_only_the_proxy_publishes_a_port_and_by_default_on_loopback() -> None:
    published = {name: service["ports"] for name, service in compose()["services"].items() if "ports" in service}

    assert set(published) == {"proxy"}
    assert all(port.startswith("127.0.0.1:") for port in published["proxy"])


def test_the_services_that_run_this_project_are_known() -> None:
    assert set(programs()) == {"service", "worker", "migrate", "operator"}


def test_services_that_use_files_mount_their_volume() -> None:
    for name in ("service", "worker", "operator"):
        given = programs()[name]
        mounted = [volume.partition(":")[2] for volume in given["volumes"]]
        assert given["environment"]["FILES_URL"].removeprefix("file://") in mounted


def test_services_that_use_files_reach_s3_with_the_credentials_of_the_operator() -> None:
    composed = compose()
    for name in ("service", "worker", "operator"):
        service = composed["services"][name]
        assert {variable: service["environment"][variable] for variable in OF_S3} == dict.fromkeys(OF_S3)  # passed on
        assert any(not (composed["networks"][network] or {}).get("internal") for network in service["networks"])


def test_proxies_close_idle_connections_before_an_instance_that_stops() -> None:
    caddy, nginx = ((ROOT / "deploy" / name).read_text() for name in ("Caddyfile", "nginx.conf"))
    for configuration in (caddy, nginx):
        (seconds,) = re.findall(r"\bkeepalive(?:_timeout)? (\d+)s\b", configuration)
        assert int(seconds) < DeadlineProtocol.linger


def test_caddy_tries_an_instance_that_failed_again_before_it_gives_up() -> None:
    caddy = (ROOT / "deploy" / "Caddyfile").read_text()
    patience, avoided = (
        int(re.findall(rf"\b{name} (\d+)s", caddy)[0]) for name in ("lb_try_duration", "fail_duration")
    )
    assert 2 * avoided < patience


def test_pgbouncer_drops_a_request_when_its_client_has_got_503() -> None:
    shipped = ConfigParser()
    shipped.read(ROOT / "deploy" / "pgbouncer.ini")
    pooling = shipped["pgbouncer"]

    assert pooling["pool_mode"] == "transaction"
    assert REQUEST_SECONDS <= int(pooling["query_wait_timeout"]) <= REQUEST_SECONDS + LOCK_TIMEOUT + MARGIN
    assert int(pooling["server_login_retry"]) <= REQUEST_SECONDS


def test_every_command_exists() -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    given = [service["command"] for service in programs().values()] + [json.loads(last_stage()["CMD"])]

    assert {command[0] for command in given} - {"--help"} <= known
    assert json.loads(last_stage()["ENTRYPOINT"]) == ["task-manager"]


def test_the_image_runs_unprivileged_and_stops_on_sigterm() -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", last_stage()["USER"])
    assert last_stage()["STOPSIGNAL"] == "SIGTERM"


def test_files_copied_into_the_image_exist_and_are_not_ignored() -> None:
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


def test_both_stages_use_a_supported_python() -> None:
    bases = {rest.partition(" AS ")[0] for name, rest in instructions() if name == "FROM"}

    assert len(bases) == 1
    assert re.match(r"python:3\.1[123]-slim", bases.pop())
