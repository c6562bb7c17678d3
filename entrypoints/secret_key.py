import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from tempfile import NamedTemporaryFile


def load_or_create_key(path: Path) -> str:
    """Return the key in this file. The first process that calls this creates the file.

    A hard link makes the complete file appear at once, and fails if another process was faster.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent) as temporary:
            temporary.write(token_hex(32))
            temporary.flush()
            with suppress(FileExistsError):
                os.link(temporary.name, path)
    return path.read_text()
