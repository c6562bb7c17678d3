import fcntl
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from entrypoints.setting_types import SettingsError
from entrypoints.streams import LogStream

MODE: Final = 0o600


class LogFile:
    """Append lines to a file. When it would exceed a size, rename it to NAME.1, NAME.1 to NAME.2, and so on.

    Several processes can write to one file. Each line is appended by a single write to the file that has the name at
    that time, so other programs can rename it too. The process that finds it full locks it, and renames it if it still
    has the name. The others do not wait: they append their lines to the file, whatever its name is by then.

    While the file cannot be written, lines go to another stream.
    """

    def __init__(self, path: Path, *, max_bytes: int, count: int, fallback: LogStream) -> None:
        """Check that the file can be written and renamed.

        Args:
            path: The name of the file.
            max_bytes: The size at which it is renamed.
            count: The number of renamed files to keep.
            fallback: Gets the lines that cannot be written.

        Raises:
            SettingsError: It cannot.
        """
        self._path = path
        self._max_bytes = max_bytes
        self._count = count
        self._fallback = fallback
        self._is_failing = False
        try:
            self._append(b"")
        except OSError as error:
            raise SettingsError(f"LOG_FILE cannot be written: {error.strerror}") from error
        if not os.access(path.parent, os.W_OK):
            raise SettingsError("LOG_FILE cannot be renamed when it is full: its folder is not writable")

    def write(self, text: str) -> None:
        # A failure may have left a part of a line, so the next one starts a new line.
        line = ("\n" if self._is_failing else "") + text
        try:
            self._append(line.encode(errors="backslashreplace"))
        except OSError as error:
            if not self._is_failing:  # not through a logger: the one that called this holds its lock
                event = {"event": "log_file_unwritable", "error": error.strerror, "level": "error"}
                self._fallback.write(json.dumps(event) + "\n")
            self._is_failing = True
            self._fallback.write(text)
        else:
            self._is_failing = False

    def flush(self) -> None:
        self._fallback.flush()

    def _append(self, line: bytes) -> None:
        with suppress(FileNotFoundError):
            if self._is_full(self._path.stat(), line):
                self._rotate(line)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, MODE)
        try:
            if os.write(descriptor, line) < len(line):
                raise OSError(None, "the file has no space for the whole line")
        finally:
            os.close(descriptor)

    def _is_full(self, file: os.stat_result, line: bytes) -> bool:
        return file.st_size > 0 and file.st_size + len(line) > self._max_bytes

    def _rotate(self, line: bytes) -> None:
        """Rename the files, unless another process does it now or has done it."""
        descriptor = os.open(self._path, os.O_WRONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file = os.fstat(descriptor)
            if os.path.samestat(file, self._path.stat()) and self._is_full(file, line):
                free = next((n for n in range(1, self._count) if not self._renamed(n).exists()), self._count)
                for number in range(free - 1, 0, -1):
                    self._renamed(number).replace(self._renamed(number + 1))
                self._path.replace(self._renamed(1))  # last: until then, no other process can rotate
        except BlockingIOError:
            pass
        finally:
            os.close(descriptor)

    def _renamed(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
