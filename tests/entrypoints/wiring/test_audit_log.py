import json
from pathlib import Path

import pytest

from adapters.logs.audit import StructlogAuditLog
from entrypoints.setting_types import SettingsError
from entrypoints.wiring.adapters import create_audit_log
from tests.entrypoints.http.conftest import settings_of
from tests.support.builders import an_audit_event


def test_the_audit_log_is_the_file_of_the_setting(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    create_audit_log(settings_of(audit_log=str(path))).record(an_audit_event("login"))
    assert json.loads(path.read_text())["event"] == "login"


def test_the_audit_log_is_the_standard_output_without_the_setting() -> None:
    assert isinstance(create_audit_log(settings_of()), StructlogAuditLog)


def test_a_file_that_cannot_be_written_is_refused_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^AUDIT_LOG cannot be written: No such file or directory$"):
        create_audit_log(settings_of(audit_log=str(tmp_path / "absent" / "audit.log")))
