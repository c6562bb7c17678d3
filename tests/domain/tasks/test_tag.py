from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidTag, TagNotFound
from domain.tasks.tag import Tag, normalize_tags
from domain.tasks.task import Task
from domain.text import fold, is_blank, is_storable
from tests.support.builders import NOW, a_task, tags
from tests.support.errors import raises_invalid
from tests.support.strategies import accepted, any_text, tag_tuples, tasks
from tests.support.strategies import tags as any_tag

LATER = NOW + timedelta(hours=1)
TWENTY = tags(*(f"tag {number:02}" for number in range(20)))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("work", "work", id="unchanged"),
        pytest.param("Work", "work", id="case"),
        pytest.param(" \t work\u3000\n", "work", id="white space around"),
        pytest.param("\uff37\uff4f\uff52\uff4b", "work", id="width"),
        pytest.param("Straße", "strasse", id="sharp s"),
        pytest.param("e\u0301", "\u00e9", id="decomposed"),
        pytest.param("\ufb01le", "file", id="ligature"),
        pytest.param("to do", "to do", id="space inside"),
        pytest.param("...", "...", id="three dots"),
        pytest.param(".hidden", ".hidden", id="leading dot"),
        pytest.param("c++ & 100%_\\", "c++ & 100%_\\", id="punctuation"),
        pytest.param("\U0001f3f3\ufe0f\u200d\U0001f308", "\U0001f3f3\ufe0f\u200d\U0001f308", id="joined emoji"),
    ],
)
def test_a_tag_is_trimmed_and_folded(text: str, name: str) -> None:
    assert Tag(text).name == name


@pytest.mark.parametrize(
    "text",
    ["x", "x" * 50, " " * 99 + "x" * 50 + "\n", "ß" * 25, "e\u0301" * 50, "\U0001f600" * 50],
    ids=["1", "50", "50 trimmed", "50 casefolded", "50 composed", "50 outside the basic multilingual plane"],
)
def test_a_tag_of_1_to_50_characters_is_allowed(text: str) -> None:
    assert 1 <= len(Tag(text).name) <= 50


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(" \t\u3000\n", id="white space"),
        pytest.param("x" * 51, id="51"),
        pytest.param("ß" * 26, id="52 casefolded"),
        pytest.param("\ufdfa" * 3, id="54 after NFKC"),
        pytest.param(".", id="dot"),
        pytest.param("..", id="two dots"),
        pytest.param(" .. ", id="two dots trimmed"),
        pytest.param("\u2024", id="one dot leader"),
        pytest.param("\u2025", id="two dot leader"),
        pytest.param("a,b", id="comma"),
        pytest.param("a/b", id="slash"),
        pytest.param("\uff0c", id="fullwidth comma"),
        pytest.param("a\uff0fb", id="fullwidth slash"),
        pytest.param("\u2100", id="sign with a slash"),
        pytest.param("a\nb", id="newline inside"),
        pytest.param("a\x1bb", id="escape"),
        pytest.param("a\x7fb", id="delete"),
        pytest.param("a\x85b", id="C1 control"),
        pytest.param("a\x00b", id="NUL inside"),
        pytest.param("x\x00", id="NUL at the end"),
        pytest.param("\ud800", id="lone high surrogate"),
        pytest.param("x\udfff", id="lone low surrogate"),
        pytest.param("\u200b", id="zero-width space"),
        pytest.param("\u202e\u202c", id="bidi controls"),
        pytest.param("\ufeff", id="byte order mark"),
        pytest.param("\u3164", id="Hangul filler"),
        pytest.param("\xad", id="soft hyphen"),
        pytest.param("\u2800", id="blank Braille pattern"),
        pytest.param("\U000e0041", id="tag character"),
    ],
)
def test_an_invalid_tag_is_refused_without_echo(text: str) -> None:
    with raises_invalid("tags", "invalid_tag") as refusal:
        Tag(text)

    assert type(refusal.value) is InvalidTag
    assert str(refusal.value).isascii() and str(refusal.value).startswith("tag must ")


def test_tags_are_sorted_by_code_point() -> None:
    assert sorted(tags("\u00e9", "z", "A", "10", "9")) == list(tags("10", "9", "a", "z", "\u00e9"))


def test_normalized_tags_are_sorted_without_duplicates() -> None:
    assert normalize_tags(tags("work", "HOME", "Work", "home")) == tags("home", "work")


def test_up_to_20_different_tags_are_allowed() -> None:
    assert normalize_tags(TWENTY + TWENTY) == TWENTY
    with pytest.raises(InvalidTag):
        normalize_tags((*TWENTY, Tag("one more")))


def test_tags_of_a_task_are_sorted_without_duplicates() -> None:
    assert a_task(tags=tags("work", "Home", "WORK")).tags == tags("home", "work")


def test_no_operation_gives_a_task_more_than_20_tags() -> None:
    full = a_task(tags=TWENTY)

    assert full.add_tags(TWENTY, at=LATER) is full
    with pytest.raises(InvalidTag):
        full.add_tags(tags("one more"), at=LATER)
    with pytest.raises(InvalidTag):
        full.edit(at=LATER, tags=(*TWENTY, Tag("one more")))
    with pytest.raises(InvalidTag):
        a_task(tags=(*TWENTY, Tag("one more")))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(lambda task: task.add_tags(tags("garden", "WORK"), at=LATER), "garden home work", id="added"),
        pytest.param(lambda task: task.remove_tag(Tag("HOME"), at=LATER), "work", id="removed"),
        pytest.param(lambda task: task.rename_tag(Tag("home"), Tag("zoo"), at=LATER), "work zoo", id="renamed"),
        pytest.param(lambda task: task.rename_tag(Tag("home"), Tag("Work"), at=LATER), "work", id="merged"),
    ],
)
def test_a_change_of_one_tag_keeps_the_others_in_the_next_version(
    change: Callable[[Task], Task], expected: str
) -> None:
    changed = change(a_task(tags=tags("home", "work")))

    assert (changed.tags, changed.version, changed.updated_at) == (tags(*expected.split()), 2, LATER)


def test_renaming_a_tag_to_itself_changes_nothing() -> None:
    task = a_task(tags=tags("home"))

    assert task.rename_tag(Tag("home"), Tag("HOME"), at=LATER) is task


def test_a_tag_that_the_task_does_not_have_is_not_found() -> None:
    task = a_task(tags=tags("home"))

    with pytest.raises(TagNotFound):
        task.remove_tag(Tag("hom"), at=LATER)
    with pytest.raises(TagNotFound):
        task.rename_tag(Tag("work"), Tag("home"), at=LATER)


@given(any_text)
def test_every_text_is_refused_or_becomes_a_valid_tag(text: str) -> None:
    try:
        name = Tag(text).name
    except InvalidTag:
        return
    assert 1 <= len(name) <= 50
    assert name == name.strip() == fold(name)
    assert name not in {".", ".."} and not set(name) & set(",/\x00\n\x7f\x85")
    assert is_storable(name) and not is_blank(name)


@given(any_tag)
def test_the_name_of_a_tag_gives_the_same_tag(tag: Tag) -> None:
    assert Tag(tag.name) == tag
    assert Tag(tag.name).name == tag.name


@given(any_tag)
def test_white_space_around_a_tag_gives_the_same_tag(tag: Tag) -> None:
    assert Tag(f"\u3000{tag.name} \n") == tag
    assert hash(Tag(f"\u3000{tag.name} \n")) == hash(tag)


@given(accepted(Tag, st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=50)))
def test_upper_case_and_full_width_give_the_same_tag(tag: Tag) -> None:
    assert Tag(tag.name.upper()) == tag
    assert Tag("".join(chr(ord(c) + 0xFEE0) for c in tag.name.upper())) == tag


@given(st.lists(any_tag, max_size=20))
def test_normalized_tags_do_not_depend_on_order_and_repetition(given_tags: list[Tag]) -> None:
    normalized = normalize_tags(given_tags)

    assert normalize_tags(normalized) == normalized == normalize_tags(given_tags[::-1] + given_tags)
    assert set(normalized) == set(given_tags)
    assert all(a < b for a, b in pairwise(normalized))


@given(tasks(), any_tag, tag_tuples)
def test_adding_and_removing_a_tag_keeps_the_others(task: Task, tag: Tag, others: tuple[Tag, ...]) -> None:
    task = task.edit(at=LATER, tags=tuple(other for other in others if other != tag))

    unchanged = task.add_tags((tag,), at=LATER).remove_tag(tag, at=LATER)

    assert unchanged == replace(task, version=task.version + 2, updated_at=max(LATER, task.updated_at))
