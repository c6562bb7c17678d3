"""The standard streams, which may be closed, broken or unable to encode a character."""

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import Final, TextIO

_STREAMS: Final = {0: "stdin", 1: "stdout", 2: "stderr"}


def open_closed_streams() -> None:
    """Connect closed standard streams to the null device. Otherwise the next file or socket would get their number.

    A closed standard input stays None in `sys`, so that a command can report it.
    """
    for number, name in _STREAMS.items():
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
            if number > 0:
                setattr(sys, name, open(number, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - open until the end


def escape_unencodable(*streams: TextIO | None) -> None:
    r"""Write characters that the encoding of a stream does not have as \xNN or \uNNNN, instead of raising an error."""
    for stream in streams:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard_unwritten_output() -> None:
    """Connect standard output to the null device if it cannot be written. Otherwise Python reports an error at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def has_colours(stream: TextIO) -> bool:
    """Return whether to colour output to a stream: a terminal, unless NO_COLOR is set (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class LogStream:
    """A stream for logs. A line that cannot be written is lost: it does not make a request fail."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()
