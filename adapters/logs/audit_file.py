import json
import os
from pathlib import Path

import structlog

from adapters.logs.audit import NAME, to_plain
from application.platform.audit import AuditLog, with_origin
from application.platform.clock import Clock


class FileAuditLog:
    """Append each security event to a file, as one line of JSON.

    The file is opened for each event, so that it can be rotated at any time, without a signal. Several processes can
    append to one file. While it cannot be written, events go to another log.
    """

    def __init__(self, path: Path, clock: Clock, fallback: AuditLog) -> None:
        """Check that the file can be written.

        Raises:
            OSError: It cannot.
        """
        self._path = path
        self._clock = clock
        self._fallback = fallback
        self._log = structlog.get_logger()
        self._is_failing = False
        self._append(b"")

    def record(self, event: str, **details: object) -> None:
        if not self._write(event, "info", details):
            self._fallback.record(event, **details)

    def warn(self, event: str, **details: object) -> None:
        if not self._write(event, "warning", details):
            self._fallback.warn(event, **details)

    def _write(self, event: str, level: str, details: dict[str, object]) -> bool:
        """Return whether the event was written. Log the cause of a failure, once until a write succeeds."""
        time = self._clock.now().isoformat(timespec="microseconds").replace("+00:00", "Z")
        line = {"timestamp": time, "level": level, "logger": NAME, "event": event, **to_plain(with_origin(details))}
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
