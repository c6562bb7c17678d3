"""The units of systemd contain known options, valid commands, and timeouts that fit the service."""

import shlex
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from entrypoints.server.descriptors import OTHERS, PER_CONNECTION
from entrypoints.server.signals import GRACE_PERIOD
from entrypoints.settings import Settings
from tests.architecture.sources import ROOT
from tests.deployment.commands import parse_command
from tests.entrypoints.given import load_settings

FOLDER: Final = ROOT / "deploy/systemd"
PROGRAM: Final = "/opt/task-manager/bin/task-manager"
SERVICES: Final = sorted(FOLDER.glob("*.service"))

HARDENING: Final = {
    "CapabilityBoundingSet",
    "LockPersonality",
    "MemoryDenyWriteExecute",
    "NoNewPrivileges",
    "PrivateDevices",
    "PrivateTmp",
    "ProtectClock",
    "ProtectControlGroups",
    "ProtectHome",
    "ProtectHostname",
    "ProtectKernelLogs",
    "ProtectKernelModules",
    "ProtectKernelTunables",
    "ProtectProc",
    "ProtectSystem",
    "RemoveIPC",
    "RestrictAddressFamilies",
    "RestrictNamespaces",
    "RestrictRealtime",
    "RestrictSUIDSGID",
    "SystemCallArchitectures",
    "SystemCallErrorNumber",
    "SystemCallFilter",
}
KNOWN: Final = {
    "Unit": {"Description", "Wants", "After", "StartLimitIntervalSec"},
    "Install": {"WantedBy"},
    "Timer": {"OnCalendar", "RandomizedDelaySec", "Persistent"},
    "Service": HARDENING
    | {"Type", "ExecStart", "EnvironmentFile", "User", "Group", "WorkingDirectory", "UMask", "ReadWritePaths"}
    | {"StateDirectory", "StateDirectoryMode", "LogsDirectory", "LogsDirectoryMode", "LimitNOFILE", "OOMPolicy"}
    | {"Restart", "RestartSec", "KillSignal", "KillMode", "TimeoutStopSec", "TimeoutStartSec"}
    | {"Nice", "IOSchedulingClass"},
}
"""Options that systemd knows in each section. It ignores others."""


class Option(NamedTuple):
    section: str
    name: str
    value: str


def options(unit: Path) -> list[Option]:
    section, found = "", []
    for line in unit.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.append(Option(section, name, value))
    return found


def service(unit: Path) -> dict[str, str]:
    return {option.name: option.value for option in options(unit) if option.section == "Service"}


@pytest.mark.parametrize("unit", [*SERVICES, *FOLDER.glob("*.timer")], ids=lambda unit: unit.name)
def test_units_contain_known_options_once(unit: Path) -> None:
    names = [(option.section, option.name) for option in options(unit)]

    assert [(section, name) for section, name in names if name not in KNOWN[section]] == []
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_commands_of_units_are_valid(unit: Path) -> None:
    program, *arguments = shlex.split(service(unit)["ExecStart"])

    assert program == PROGRAM
    parse_command(arguments)


def test_all_services_are_isolated_in_the_same_way() -> None:
    values = [{name: value for name, value in service(unit).items() if name in HARDENING} for unit in SERVICES]

    assert set(values[0]) == HARDENING
    assert all(value == values[0] for value in values)
    assert {service(unit)["User"] for unit in SERVICES} == {"task-manager"}
    assert {service(unit)["UMask"] for unit in SERVICES} == {"0077"}


@pytest.mark.parametrize("name", ["task-manager", "task-manager-worker"])
def test_systemd_waits_until_a_service_has_ended_and_always_restarts_it(name: str) -> None:
    given = service(unit := FOLDER / f"{name}.service")

    assert int(given["TimeoutStopSec"]) > GRACE_PERIOD
    assert (given["KillSignal"], given["Restart"]) == ("SIGTERM", "always")
    assert ("Unit", "StartLimitIntervalSec", "0") in options(unit)


def test_the_service_may_open_all_its_connections() -> None:
    needed = PER_CONNECTION * Settings.model_fields["max_connections"].default + OTHERS

    assert int(service(FOLDER / "task-manager.service")["LimitNOFILE"]) >= needed


def test_the_backup_may_write_to_its_folder_only() -> None:
    given = service(FOLDER / "task-manager-backup.service")

    assert shlex.split(given["ExecStart"])[2] == given["ReadWritePaths"]


def test_the_example_environment_is_valid_once_it_is_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line for line in (FOLDER / "environment.example").read_text().splitlines() if not line.startswith("#")]
    values = dict(shlex.split(line)[0].split("=", 1) for line in lines)
    assert values["SECRET_KEY"] == ""
    for name, value in (values | {"SECRET_KEY": "0123456789abcdef" * 4}).items():
        monkeypatch.setenv(name, value)

    settings = load_settings(_env_file=None)

    assert {name.lower() for name in values} <= set(Settings.model_fields)
    assert settings.files_url.removeprefix("file://").startswith(service(SERVICES[0])["WorkingDirectory"])
    assert all("='" in line for line in lines)  # the shell and systemd read it in the same way
