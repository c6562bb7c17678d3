"""What text may be stored, what counts as blank, and what is the same text in another spelling."""

import re
import unicodedata
from typing import Final

INVISIBLE: Final = (
    "\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""The inside of a regular expression's character class: white space, controls, and what Unicode calls
default-ignorable (zero-width and bidi controls, fillers, variation selectors). Written out because the
tables of `unicodedata` change with the version of Python."""

VISIBLE_PATTERN: Final = f"^[^\x00]*[^{INVISIBLE}][^\x00]*$"
"""At least one visible character and no NUL, for schemas that describe the rule to clients."""

_VISIBLE = re.compile(f"[^{INVISIBLE}]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def is_blank(text: str) -> bool:
    return _VISIBLE.search(text) is None


def is_storable(text: str) -> bool:
    """False for NUL and lone surrogates, which no encoding or database keeps alike."""
    return _UNSTORABLE.search(text) is None


def fold(text: str) -> str:
    """`text` without case and width: NFKC, then full case folding, until nothing changes.

    One pass is not stable for every character, and what was folded once must compare equal to
    itself folded again.
    """
    if text.isascii():
        return text.lower()
    while (folded := unicodedata.normalize("NFKC", text).casefold()) != text:
        text = folded
    return text
