import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from secrets import token_hex
from tempfile import mkstemp

from entrypoints.setting_types import MIN_KEY_LENGTH, SettingsError


def load_or_create_key(path: Path) -> str:
    """Return the key in this file. The first process that calls this creates the file.

    Raises:
        SettingsError: The file cannot be read or created, or contains no key.
    """
    try:
        if not path.exists():
            _create(path)
        key = path.read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read or created, set SECRET_KEY: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} contains no key: delete it to create a new one") from error
    if len(key.strip()) < MIN_KEY_LENGTH:
        raise SettingsError(
            f"{path}: key must have at least {MIN_KEY_LENGTH} characters; delete the file to create a new one"
        )
    return key


def _create(path: Path) -> None:
    """Create the file under a lock, so that all processes use one key. It appears complete, also after a crash.

    Do not use a hard link: some file systems do not support them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _lock(path.parent):
        if path.exists():
            return
        descriptor, temporary = mkstemp(dir=path.parent, prefix=f".{path.name}.")  # with mode 0600
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(token_hex(32))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink()
            raise


@contextmanager
def _lock(directory: Path) -> Iterator[None]:
    """Lock a directory until the block or the process ends. Do nothing on a file system without locks."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        with suppress(OSError):
            flock(descriptor, LOCK_EX)
        yield
    finally:
        os.close(descriptor)
