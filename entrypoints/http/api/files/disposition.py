import re
from typing import Final
from urllib.parse import quote

_PLAIN: Final = re.compile(r"[\w!#$&+.^`|~ ()\[\]{}@=,;'-]+", re.ASCII)
_ATTRIBUTE_CHARACTERS: Final = "!#$&+-.^_`|~"


def attachment(filename: str) -> str:
    """The field Content-Disposition (RFC 6266): the name for all, and as it is (RFC 8187) where that is not ASCII."""
    if _PLAIN.fullmatch(filename):
        return f'attachment; filename="{filename}"'
    plain = "".join(character if _PLAIN.fullmatch(character) else "_" for character in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe=_ATTRIBUTE_CHARACTERS)}"
