import re
import sys
import unicodedata
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import domain.text
from domain.errors import InvalidValue
from domain.tasks.task import TaskChanges, validate_description, validate_title
from domain.text import (
    MAX_DECOMPOSITION,
    PLAIN_PATTERN,
    VISIBLE_PATTERN,
    escape_unprintable,
    fold,
    has_controls,
    is_blank,
    is_storable,
    remove_controls,
)
from tests.support.builders import NOW, a_task
from tests.support.errors import raises_invalid
from tests.support.strategies import any_text

LATER = NOW + timedelta(hours=1)

INVISIBLE = {
    "empty": "",
    "space": " ",
    "tab and newlines": "\t\r\n\v\f",
    "next line": "\x85",
    "no-break space": "\xa0",
    "ideographic space": "\u3000",
    "line separator": "\u2028",
    "NUL": "\x00",
    "escape": "\x1b",
    "delete": "\x7f",
    "C1 control": "\x9f",
    "soft hyphen": "\xad",
    "combining grapheme joiner": "\u034f",
    "Arabic letter mark": "\u061c",
    "Hangul choseong filler": "\u115f",
    "Hangul filler": "\u3164",
    "halfwidth Hangul filler": "\uffa0",
    "Khmer inherent vowel": "\u17b4",
    "Mongolian vowel separator": "\u180e",
    "zero-width space": "\u200b",
    "zero-width joiner": "\u200d",
    "right-to-left mark": "\u200f",
    "right-to-left override": "\u202e",
    "word joiner": "\u2060",
    "right-to-left isolate": "\u2067",
    "blank Braille pattern": "\u2800",
    "byte order mark": "\ufeff",
    "variation selector": "\ufe0f",
    "interlinear annotation anchor": "\ufff9",
    "shorthand format control": "\U0001bca0",
    "musical begin beam": "\U0001d173",
    "tag space": "\U000e0020",
    "variation selector supplement": "\U000e0100",
    "several together": " \u200b\u202e\ufeff\u3000",
}


@pytest.mark.parametrize("text", INVISIBLE.values(), ids=INVISIBLE.keys())
def test_text_without_a_visible_character_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", INVISIBLE.values(), ids=INVISIBLE.keys())
def test_text_with_one_visible_character_is_not_blank(text: str) -> None:
    assert not is_blank(f"{text}x{text}")


@pytest.mark.parametrize(
    "text", ["!", "\u00a1", "\u05d0", "\u4e2d", "\u0301", "\U0001f600", "\ue000"], ids=lambda text: f"U+{ord(text):04X}"
)
def test_marks_letters_of_any_script_and_private_characters_are_visible(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.parametrize(
    "text",
    ["\x00", "a\x00b", "\ud800", "\udfff", "a\udbff", "\udc00\ud800"],
    ids=["NUL", "NUL inside", "high surrogate", "low surrogate", "surrogate at the end", "reversed pair"],
)
def test_nul_and_lone_surrogates_cannot_be_stored(text: str) -> None:
    assert not is_storable(text)


@pytest.mark.parametrize("text", ["", "\x01", "\ud7ff\ue000", "\U0001f600", "\uffff\U0010ffff"], ids=ascii)
def test_all_other_text_can_be_stored(text: str) -> None:
    assert is_storable(text)


@given(any_text)
def test_storable_text_can_be_encoded_in_utf_8_and_has_no_nul(text: str) -> None:
    assert is_storable(text) == (b"\x00" not in text.encode(errors="surrogatepass") and _is_encodable(text))


@given(any_text)
def test_the_patterns_for_clients_are_equivalent_to_the_rules(text: str) -> None:
    assert (re.search(VISIBLE_PATTERN, text) is not None) == (not is_blank(text) and "\x00" not in text)
    assert (re.fullmatch(PLAIN_PATTERN, text) is not None) == (not is_blank(text) and not has_controls(text))


def test_the_controls_are_those_of_unicode_with_separators_of_lines_and_bidi_controls() -> None:
    marks = {"\u061c", "\u200e", "\u200f"}  # like letters: only their names say that they control the direction
    bidi = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}

    for character in map(chr, range(sys.maxunicode + 1)):
        is_control = unicodedata.category(character) in ("Cc", "Zl", "Zp")
        is_bidi = unicodedata.bidirectional(character) in bidi or character in marks
        assert has_controls(character) == (is_control or is_bidi)


@given(any_text)
def test_removing_controls_removes_nothing_else(text: str) -> None:
    assert remove_controls(text) == "".join(char for char in text if not has_controls(char))


@given(any_text)
def test_escaped_text_is_printable_and_printable_text_stays_unchanged(text: str) -> None:
    escaped = escape_unprintable(text)

    assert escaped.isprintable() and _is_encodable(escaped)
    assert (escaped == text) == text.isprintable()


def test_unprintable_characters_are_escaped_as_in_python() -> None:
    assert escape_unprintable("\xe4\x1b[31m\r\n\x9b\u202e\ud800") == "\xe4" + r"\x1b[31m\r\n\x9b\u202e\ud800"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        pytest.param("Milk", "milk", id="case"),
        pytest.param("Straße", "strasse", id="sharp s"),
        pytest.param("\u1e9e", "ss", id="capital sharp s"),
        pytest.param("\uff37\uff4f\uff52\uff4b", "work", id="width"),
        pytest.param("\ufb01le", "file", id="ligature"),
        pytest.param("e\u0301", "\u00e9", id="decomposed"),
        pytest.param("\u212b", "\u00e5", id="angstrom sign"),
        pytest.param(
            "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3", id="final sigma"
        ),
        pytest.param("\u0130", "i\u0307", id="dotted capital i"),
        pytest.param("\u2168", "ix", id="Roman numeral"),
        pytest.param("\u3000", " ", id="wide space"),
    ],
)
def test_folding_removes_differences_of_case_width_and_composition(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(any_text)
def test_folding_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_the_folding_of_every_single_character_is_stable() -> None:
    folded = {fold(chr(code)) for code in range(sys.maxunicode + 1)}

    assert [text for text in folded if fold(text) != text] == []


marked_text = st.text(
    st.sampled_from("aA \u0301\u0316\u0345\u031b\u0327\u0344\u0f73\uff9e\uff76\u3099\u1fa7\ufdfa\u1100\u1161\u11a8!"),
    max_size=200,
)


@given(marked_text)
def test_folding_equals_nfkc_and_casefolding_for_any_number_of_marks(text: str) -> None:
    expected = text
    while (folded := unicodedata.normalize("NFKC", expected).casefold()) != expected:
        expected = folded

    assert fold(text) == expected


@pytest.mark.parametrize("marks", ["\u0301\u0316", "\u0345\u0301\u031b", "\u0f73", "\u0344\u0316", "\u0301\uff9e"])
def test_marks_are_in_canonical_order_before_they_are_normalized(monkeypatch: pytest.MonkeyPatch, marks: str) -> None:
    """Normalization takes a time that grows with the square of the number of marks in the wrong order."""
    inversions = 0

    def normalize(form: Literal["NFKC", "NFKD"], text: str) -> str:
        nonlocal inversions
        classes = [unicodedata.combining(c) for part in text for c in unicodedata.normalize("NFKD", part)]
        inversions += sum(first > second > 0 for first, second in pairwise(classes))
        return unicodedata.normalize(form, text)

    monkeypatch.setattr(
        domain.text, "unicodedata", SimpleNamespace(normalize=normalize, combining=unicodedata.combining)
    )
    fold("a" + marks * 1000)

    assert inversions <= 1  # beside the letter, which is composed with one of the marks


def test_no_text_has_more_than_four_times_its_length_before_normalization() -> None:
    characters = [chr(code) for code in range(sys.maxunicode + 1)]

    assert max(len(unicodedata.normalize("NFD", each)) for each in characters) == MAX_DECOMPOSITION
    assert [c for c in characters if not unicodedata.normalize("NFKC", c).strip() and not c.isspace()] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("x", "x", id="1"),
        pytest.param("\U0001f600" * 255, "\U0001f600" * 255, id="255"),
        pytest.param(" \t\u3000" + "x" * 255 + "\n", "x" * 255, id="255 trimmed"),
        pytest.param("to  do", "to  do", id="inner spaces"),
        pytest.param("\u200bx\u202e", "\u200bx\u202e", id="zero-width and bidi beside visible"),
    ],
)
def test_a_title_has_1_to_255_characters_after_trimming(text: str, expected: str) -> None:
    assert a_task(title=text).title == expected
    assert a_task().edit(at=LATER, title=text).title == expected


@pytest.mark.parametrize(
    "text", [None, "", " kept \n", "\U0001f600" * 2000], ids=["none", "empty", "untrimmed", "2000"]
)
def test_a_description_is_stored_unchanged(text: str | None) -> None:
    assert a_task(description=text).description == text
    assert a_task(description="Before").edit(at=LATER, description=text).description == text


@pytest.mark.parametrize(
    ("field", "text"),
    [
        *(("title", text) for text in ("", " \t\u3000", "\u200b\u200d", "\u202e", "\x01", "x" * 256)),
        *(("title", text) for text in ("\x00", "x\x00y", "x\ud800", "\udfffx")),
        *(("description", text) for text in ("x\x00", "\ud83d", "x" * 2001)),
    ],
    ids=lambda value: ascii(value) if len(value) < 20 else f"{len(value)} characters",
)
def test_blank_long_or_unstorable_text_is_refused_with_the_name_of_the_field(
    field: Literal["title", "description"], text: str
) -> None:
    changes: TaskChanges = {"title": text} if field == "title" else {"description": text}
    with raises_invalid(field, f"invalid_{field}") as refusal:
        a_task(**changes)
    with raises_invalid(field, f"invalid_{field}"):
        a_task().edit(at=LATER, **changes)
    assert str(refusal.value).startswith(f"{field} must ") and str(refusal.value).isascii()


@given(any_text)
def test_every_text_is_refused_or_becomes_a_valid_title(text: str) -> None:
    try:
        title = validate_title(text)
    except InvalidValue as refusal:
        assert refusal.field == "title"
        return
    assert title == text.strip() == validate_title(title)
    assert 1 <= len(title) <= 255 and "\x00" not in title
    assert title.encode().decode() == title


@given(any_text)
def test_every_text_is_refused_or_becomes_an_unchanged_description(text: str) -> None:
    try:
        assert validate_description(text) == text
    except InvalidValue as refusal:
        assert refusal.field == "description"
        assert "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
