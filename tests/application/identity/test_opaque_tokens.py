import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.identity.opaque_tokens import OpaqueToken
from domain.errors import InvalidToken
from tests.support.strategies import any_text

tokens = st.builds(
    OpaqueToken, st.lists(st.uuids(), min_size=1, max_size=2).map(tuple), st.binary(min_size=32, max_size=32)
)


@given(tokens)
def test_a_token_can_be_parsed_from_its_text(token: OpaqueToken) -> None:
    assert OpaqueToken.parse(token.text, ids=len(token.ids)) == token
    assert re.fullmatch("[A-Za-z0-9_-]+", token.text)
    assert OpaqueToken.parse(token.text, ids=len(token.ids)).hash == token.hash


@given(tokens)
def test_a_token_with_another_number_of_ids_is_refused(token: OpaqueToken) -> None:
    with pytest.raises(InvalidToken):
        OpaqueToken.parse(token.text, ids=3 - len(token.ids))


@given(tokens, st.data())
def test_a_damaged_token_is_refused_or_differs(token: OpaqueToken, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(token.text) - 1))
    damaged = token.text[:at] + data.draw(any_text) + token.text[at + data.draw(st.integers(0, 2)) :]
    try:
        parsed = OpaqueToken.parse(damaged, ids=len(token.ids))
    except InvalidToken:
        return
    assert len(parsed.ids) == len(token.ids) and len(parsed.secret) == 32
    assert (parsed == token) is (parsed.text == token.text)


@given(any_text | st.text("AQgw_-+/= \n", max_size=100), st.integers(1, 2))
def test_malformed_text_is_refused(text: str, ids: int) -> None:
    with pytest.raises(InvalidToken):
        OpaqueToken.parse(text[: 22 * ids + 40], ids)


def test_a_successor_keeps_the_family_and_gets_a_new_rest() -> None:
    first = OpaqueToken((UUID(int=1), UUID(int=2)), b"f" * 16 + b"1" * 16)
    second = first.successor(b"2" * 32)

    assert second == OpaqueToken(first.ids, b"f" * 16 + b"2" * 16)
    assert second.family_hash == first.family_hash != OpaqueToken(first.ids, b"g" * 32).family_hash
    assert first.hash not in (first.family_hash, second.hash)


def test_neither_repr_nor_hash_contains_the_secret() -> None:
    token = OpaqueToken((UUID(int=0),), b"s" * 32)

    assert "sss" not in repr(token)
    assert len(token.hash) == 32 and token.hash != token.secret
    assert token.hash == OpaqueToken((UUID(int=1),), b"s" * 32).hash != OpaqueToken(token.ids, b"t" * 32).hash
