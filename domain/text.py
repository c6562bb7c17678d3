"""Rules for text: what can be stored, what is blank, and which texts are equal ignoring case and width."""

import re
import unicodedata
from typing import Final

INVISIBLE: Final = (
    "\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Invisible characters, as the inside of a regular expression's character class: white space, control characters,
and Unicode's default-ignorable characters (zero-width and bidi controls, fillers, variation selectors).

The list is explicit because the tables of `unicodedata` depend on the Python version."""

VISIBLE_PATTERN: Final = f"^[^\x00]*[^{INVISIBLE}][^\x00]*$"
"""At least one visible character and no NUL. JSON schemas use it to describe the rule to clients."""

_VISIBLE = re.compile(f"[^{INVISIBLE}]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def is_blank(text: str) -> bool:
    """Return whether the text has no visible character."""
    return _VISIBLE.search(text) is None


def is_storable(text: str) -> bool:
    """Return False for NUL and lone surrogates, because not every encoding and database can store them."""
    return _UNSTORABLE.search(text) is None


def fold(text: str) -> str:
    """Return the text without differences of case and width.

    Apply NFKC and full case folding until the text no longer changes. One pass is not enough for every
    character, and folding must be idempotent: folded text is compared with text that is folded again.
    """
    if text.isascii():
        return text.lower()
    while (folded := unicodedata.normalize("NFKC", text).casefold()) != text:
        text = folded
    return text
