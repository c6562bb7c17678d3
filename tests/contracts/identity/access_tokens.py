from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.identity.security import AccessTokens, Claims
from domain.errors import ExpiredToken, InvalidToken
from domain.identity.session import SessionId
from tests.support.builders import ANN, NOW, new_task_id

CLAIMS: Final = Claims(ANN, SessionId(new_task_id()))


class AccessTokensContract:
    """What all access tokens must do.

    The test suite of an adapter overrides `tokens` and `foreign`, which uses another key. Both have a lifetime of 15
    minutes.
    """

    tokens: AccessTokens
    foreign: AccessTokens

    def test_a_token_identifies_its_user_until_it_expires(self) -> None:
        token = self.tokens.issue(CLAIMS, NOW)

        assert token.expires_in == 900
        for later in (timedelta(0), timedelta(seconds=899)):
            assert self.tokens.verify(token.text, NOW + later) == CLAIMS
        for later in (timedelta(seconds=900), timedelta(days=9)):
            with pytest.raises(ExpiredToken):
                self.tokens.verify(token.text, NOW + later)

    def test_a_token_issued_in_the_future_is_refused(self) -> None:
        token = self.tokens.issue(CLAIMS, NOW + timedelta(minutes=1))

        with pytest.raises(InvalidToken):
            self.tokens.verify(token.text, NOW)

    def test_a_token_signed_with_another_key_is_refused(self) -> None:
        with pytest.raises(InvalidToken):
            self.tokens.verify(self.foreign.issue(CLAIMS, NOW).text, NOW)

    def test_two_tokens_are_always_different(self) -> None:
        assert self.tokens.issue(CLAIMS, NOW).text != self.tokens.issue(CLAIMS, NOW).text

    def test_a_token_with_any_character_changed_is_refused(self) -> None:
        text = self.tokens.issue(CLAIMS, NOW).text
        for place, character in enumerate(text[:-1]):  # the last character has unused bits
            damaged = text[:place] + ("A" if character != "A" else "B") + text[place + 1 :]
            with pytest.raises(InvalidToken):
                self.tokens.verify(damaged, NOW)

    @given(st.text() | st.text("eyJ.abc_-=", max_size=60))
    def test_malformed_text_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidToken):
            self.tokens.verify(text, NOW)

    @pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "\ud800", "x" * 1_000_000, "é.é.é", "[" * 100_000])
    def test_arbitrary_text_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidToken):
            self.tokens.verify(text, NOW)
