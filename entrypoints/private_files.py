import os
from contextlib import suppress
from pathlib import Path
from typing import Final

DATA: Final = Path("data")
"""The directory of the files that the service creates by default."""


def keep_files_private() -> None:
    """Let no other user of the machine read the files that this process and its children create.

    This covers all of them at their creation, whatever the umask was: the database with its logs, mails, contents of
    files, backups and temporary files. Versions before this one created `data` for everyone to read: close it. Other
    folders, which the operator chose, keep their permissions.
    """
    os.umask(0o077)
    if any((DATA / name).exists() for name in ("secret.key", "task-manager.db")) and not DATA.is_symlink():
        with suppress(OSError):  # it belongs to another user
            DATA.chmod(0o700)
