from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.filters import Condition, ContainsWords, Criteria, Filter, filter_field
from domain.text import fold
from tests.support.strategies import any_text


@dataclass(frozen=True)
class IsAbove(Condition[int]):
    limit: int

    def match(self, entity: int, /) -> bool:
        return entity > self.limit


@dataclass(frozen=True, kw_only=True)
class NumberFilter(Filter):
    above: int | None = filter_field(None, IsAbove)
    search: str = filter_field("", ContainsWords.of)


def test_fields_that_are_not_empty_are_conditions() -> None:
    assert NumberFilter().conditions() == ()
    assert NumberFilter(above=0).conditions() == (IsAbove(0),)
    assert NumberFilter(search="B a b", above=3).conditions() == (IsAbove(3), ContainsWords(("b", "a")))
    assert NumberFilter(search=" \u3000").conditions() == ()


def test_the_signature_has_all_values_in_the_order_of_the_fields() -> None:
    assert list(NumberFilter(search="x").signature.items()) == [("above", None), ("search", "x")]


def test_all_conditions_must_be_met() -> None:
    everything: Criteria[int] = Criteria()

    assert everything.match(-5)
    assert [n for n in range(5) if Criteria((IsAbove(1), IsAbove(2))).match(n)] == [3, 4]


def test_a_filter_with_an_undeclared_field_is_refused() -> None:
    @dataclass(frozen=True)
    class Undeclared(Filter):
        above: int | None = None

    with pytest.raises(KeyError):
        Undeclared(above=1).conditions()
    with pytest.raises(KeyError):
        _ = Undeclared().signature


@given(any_text | st.text("aB \u3000\u00df", max_size=20))
def test_the_words_of_a_search_are_folded_and_unique(search: str) -> None:
    condition = ContainsWords.of(search)
    words = () if condition is None else condition.words

    assert len(set(words)) == len(words) > 0 or condition is None
    assert all(fold(word) == word and word.split() == [word] for word in words)


def test_words_that_are_part_of_another_word_are_left_out() -> None:
    assert ContainsWords.of("il MILK milk k bread read eat") == ContainsWords(("milk", "bread", "eat"))
