"""Under which names bytes lie in a file store: random ones, outside of anything that is served."""

from uuid import UUID

from domain.files.file import FileId
from domain.identity.user import UserId


def key_of(owner_id: UserId, file_id: FileId) -> str:
    return f"{owner_id}/{file_id}"


def place_of(key: str) -> tuple[UserId, FileId] | None:
    """Whose, and of which file, also for half of one; None for what is not ours."""
    owner_id, _, name = key.partition("/")
    try:
        return UserId(UUID(owner_id)), FileId(UUID(name.partition(".")[0]))
    except ValueError:
        return None
