"""Keys of file contents in a file store: random ids, outside of every folder that a web server serves."""

from typing import Final
from uuid import UUID

from domain.files.file import FileId
from domain.identity.user import UserId

STORE_ID_KEY: Final = "task-manager/file-store-id"
"""The key of the object that contains the id of the file store. No file has this key."""


def file_key(owner_id: UserId, file_id: FileId) -> str:
    """Return the key under which the content of a file is stored."""
    return f"{owner_id}/{file_id}"


def parse_file_key(key: str) -> tuple[UserId, FileId] | None:
    """Return the owner and the file that a key belongs to, or None for a key that this application did not create.

    A partial object, which a crash may leave, has the key of its file and a suffix after a dot.
    """
    owner_id, _, name = key.partition("/")
    try:
        return UserId(UUID(owner_id)), FileId(UUID(name.partition(".")[0]))
    except ValueError:
        return None
