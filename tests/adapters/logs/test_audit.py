import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from structlog.testing import capture_logs

from adapters.logs.audit import StructlogAuditLog
from adapters.logs.audit_file import FileAuditLog
from domain.audit.audit_event import Source
from tests.support.builders import ANN, BEN, an_audit_event
from tests.support.stubs import AuditTrail

ID = UUID("01890000-0000-7000-8000-000000000000")
CHANGE = an_audit_event(
    "role_changed",
    actor_id=ANN,
    user_id=BEN,
    source=Source.REQUEST,
    correlation_id=ID,
    request_id="by-the-client",
    ip_address="::1",
    details={"old": {"role": "user"}},
)
EVIL = '\r\n\x1b[31m{"event": "forged"}\x9b1m\u202e'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


@pytest.fixture
def fallback() -> AuditTrail:
    return AuditTrail()


@pytest.fixture
def log(path: Path, fallback: AuditTrail) -> FileAuditLog:
    return FileAuditLog(path, fallback)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line]


class TestStructlogAuditLog:
    @pytest.fixture
    def written(self) -> Iterator[io.StringIO]:
        stream = io.StringIO()
        structlog.configure(
            processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
            wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
            logger_factory=structlog.WriteLoggerFactory(stream),
        )
        yield stream
        structlog.reset_defaults()

    def test_events_are_written_at_every_log_level(self, written: io.StringIO) -> None:
        log = StructlogAuditLog()
        log.record(CHANGE)
        log.record(an_audit_event("login_failed", is_suspicious=True, ip_address="192.0.2.1"))

        first, second = map(json.loads, written.getvalue().splitlines())
        assert first == {
            "event": "role_changed",
            "level": "info",
            "logger": "audit",
            "source": "request",
            "correlation_id": str(ID),
            "request_id": "by-the-client",
            "ip_address": "::1",
            "actor_id": str(ANN),
            "user_id": str(BEN),
            "old": {"role": "user"},
        }
        assert second == {"event": "login_failed", "level": "warning", "logger": "audit", "ip_address": "192.0.2.1"}


class TestFileAuditLog:
    def test_each_event_is_one_line_with_its_time_level_and_origin(self, log: FileAuditLog, path: Path) -> None:
        log.record(CHANGE)
        log.record(an_audit_event("login_failed", is_suspicious=True, details={"note": EVIL}))

        text = path.read_text()
        first, second = lines(path)
        assert text.isascii()
        assert (text.count("\n"), text.count("\r"), text.count("\x1b")) == (2, 0, 0)
        assert (first["timestamp"], first["level"]) == ("2026-03-04T12:00:00.000000Z", "info")
        assert (first["correlation_id"], first["request_id"]) == (str(ID), "by-the-client")
        assert (first["actor_id"], first["user_id"], first["old"]) == (str(ANN), str(BEN), {"role": "user"})
        assert (second["event"], second["level"], second["note"]) == ("login_failed", "warning", EVIL)

    def test_only_its_owner_can_read_the_file(self, log: FileAuditLog, path: Path) -> None:
        assert path.stat().st_mode & 0o777 == 0o600

    def test_events_go_to_the_new_file_after_a_rotation(self, log: FileAuditLog, path: Path) -> None:
        log.record(an_audit_event("first"))
        rotated = path.rename(path.with_suffix(".1"))
        log.record(an_audit_event("second"))

        assert [line["event"] for line in lines(rotated)] == ["first"]
        assert [line["event"] for line in lines(path)] == ["second"]

    def test_several_processes_append_to_one_file(self, log: FileAuditLog, path: Path) -> None:
        other = FileAuditLog(path, AuditTrail())
        log.record(an_audit_event("first"))
        other.record(an_audit_event("second"))
        log.record(an_audit_event("third"))
        assert [line["event"] for line in lines(path)] == ["first", "second", "third"]

    def test_events_go_to_another_log_while_the_file_cannot_be_written(
        self, log: FileAuditLog, path: Path, fallback: AuditTrail
    ) -> None:
        path.unlink()
        path.mkdir()
        with capture_logs() as captured:
            log.record(an_audit_event("login", user_id=ANN))
            log.record(an_audit_event("login_failed", is_suspicious=True))
        path.rmdir()
        log.record(an_audit_event("logout"))

        assert fallback.events == [("login", {"user_id": ANN}), ("login_failed", {})]
        assert fallback.warnings == {"login_failed"}
        assert captured == [{"event": "audit_log_unwritable", "log_level": "error", "error": "Is a directory"}]
        assert [line["event"] for line in lines(path)] == ["logout"]

    def test_a_file_that_cannot_be_written_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(IsADirectoryError):
            FileAuditLog(tmp_path, AuditTrail())
