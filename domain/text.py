"""Rules for text: what can be stored and shown, what is blank, and which texts are equal ignoring case and width."""

import re
import unicodedata
from itertools import groupby
from typing import Final

INVISIBLE: Final = (
    "\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Invisible characters, as the inside of a regular expression's character class: white space, control characters,
and Unicode's default-ignorable characters (zero-width and bidi controls, fillers, variation selectors).

The list is explicit because the tables of `unicodedata` depend on the Python version."""

CONTROLS: Final = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
"""Control characters, line separators and bidi controls, as the inside of a regular expression's character class.

They can move the cursor of a terminal, add lines, or reverse the text that follows."""

VISIBLE_PATTERN: Final = f"^[^\x00]*[^{INVISIBLE}][^\x00]*$"
"""At least one visible character and no NUL. JSON schemas use it to describe the rule to clients."""

PLAIN_PATTERN: Final = f"^[^{CONTROLS}]*[^{INVISIBLE}][^{CONTROLS}]*$"
"""At least one visible character and none of CONTROLS."""

MAX_DECOMPOSITION: Final = 4
"""No character has a longer canonical decomposition. A text of n characters in a normalization form was thus at most 4n
characters long before, apart from white space at its ends."""

_CONTROL = re.compile(f"[{CONTROLS}]")
_VISIBLE = re.compile(f"[^{INVISIBLE}]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MARKS = re.compile("[\\W\uff9e\uff9f]{32}")
"""Possibly many combining marks in a row. All characters that decompose to marks alone match."""


def is_blank(text: str) -> bool:
    """Return whether the text has no visible character."""
    return _VISIBLE.search(text) is None


def is_storable(text: str) -> bool:
    """Return False for NUL and lone surrogates, because not every encoding and database can store them."""
    return _UNSTORABLE.search(text) is None


def has_controls(text: str) -> bool:
    """Return whether the text has one of CONTROLS."""
    return _CONTROL.search(text) is not None


def remove_controls(text: str) -> str:
    """Return the text without CONTROLS."""
    return _CONTROL.sub("", text)


def escape_unprintable(text: str) -> str:
    r"""Return one line for terminals and logs: an escape sequence such as \x1b replaces each unprintable character.

    Unprintable are control and format characters, lone surrogates, separators except the space, and unassigned code
    points.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def may_fit(text: str, limit: int) -> bool:
    """Return False if the text certainly has more than `limit` characters after normalization (NFC or NFKC).

    Check this before normalizing: the time of normalization must not depend on how much a client sends.
    """
    return len(text) <= MAX_DECOMPOSITION * limit


def fold(text: str) -> str:
    """Return the text without differences of case and width.

    Apply NFKC and full case folding until the text no longer changes. One pass is not enough for every
    character, and folding must be idempotent: folded text is compared with text that is folded again.
    """
    if text.isascii():
        return text.lower()
    if _MARKS.search(text):
        text = _order_marks(text)
    while (folded := unicodedata.normalize("NFKC", text).casefold()) != text:
        text = folded
    return text


def _order_marks(text: str) -> str:
    """Return the text decomposed, with its combining marks in canonical order. This does not change what NFKC returns.

    The time that `unicodedata` takes to sort marks grows with the square of their number.
    """
    decomposed = text.translate({ord(character): unicodedata.normalize("NFKD", character) for character in set(text)})
    runs = groupby(decomposed, key=lambda character: unicodedata.combining(character) > 0)
    return "".join("".join(sorted(run, key=unicodedata.combining) if are_marks else run) for are_marks, run in runs)
