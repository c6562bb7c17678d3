import json
import os
from pathlib import Path

import structlog

from adapters.logs.audit import NAME
from application.audit.ports import AuditLog, values_of
from domain.audit.audit_event import AuditEvent


class FileAuditLog:
    """Append each security event to a file, as one line of JSON.

    The file is opened for each event, so that it can be rotated at any time, without a signal. Several processes can
    append to one file. While it cannot be written, events go to another log.
    """

    def __init__(self, path: Path, fallback: AuditLog) -> None:
        """Check that the file can be written.

        Raises:
            OSError: It cannot.
        """
        self._path = path
        self._fallback = fallback
        self._log = structlog.get_logger()
        self._is_failing = False
        self._append(b"")

    def record(self, event: AuditEvent) -> None:
        if not self._write(event):
            self._fallback.record(event)

    def _write(self, event: AuditEvent) -> bool:
        """Return whether the event was written. Log the cause of a failure, once until a write succeeds."""
        time = event.at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        line = {"timestamp": time, "level": event.level, "logger": NAME, "event": event.name, **values_of(event)}
        # A failure may have left a part of a line, so the next one starts a new line.
        text = ("\n" if self._is_failing else "") + json.dumps(line) + "\n"
        try:
            self._append(text.encode())
        except OSError as error:
            if not self._is_failing:
                self._log.error("audit_log_unwritable", error=error.strerror)
            self._is_failing = True
            return False
        self._is_failing = False
        return True

    def _append(self, line: bytes) -> None:
        """Append a line by a single write, which does not mix with those of other processes."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            if os.write(descriptor, line) < len(line):
                raise OSError(None, "the file has no space for the whole line")
        finally:
            os.close(descriptor)
