"""Output files."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def open_new(path: Path) -> Iterator[Callable[[bytes], object]]:
    """Create a file that appears when it is complete, or write to standard output if the path is `-`.

    Raises:
        FileExistsError: There is such a file.
    """
    if str(path) == "-":
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    if path.exists():
        raise FileExistsError(17, "File exists", str(path))
    try:
        output = partial.open("xb")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    try:
        with output:
            yield output.write
            os.fsync(output.fileno())
        os.link(partial, path)  # unlike a renaming, it replaces no file
    finally:
        partial.unlink(missing_ok=True)
