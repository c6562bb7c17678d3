import re
from typing import Final
from urllib.parse import quote

_PLAIN: Final = re.compile(r"[\w!#$&+.^`|~ ()\[\]{}@=,;'-]+", re.ASCII)
_ATTRIBUTE_CHARACTERS: Final = "!#$&+-.^_`|~"


def content_disposition(filename: str) -> str:
    """Return the Content-Disposition header (RFC 6266), with the exact name (RFC 8187) if it is not plain ASCII."""
    if _PLAIN.fullmatch(filename):
        return f'attachment; filename="{filename}"'
    plain = "".join(character if _PLAIN.fullmatch(character) else "_" for character in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe=_ATTRIBUTE_CHARACTERS)}"
