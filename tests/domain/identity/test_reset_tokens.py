from dataclasses import replace
from datetime import timedelta

from domain.identity.reset_tokens import ResetToken, ResetTokens
from tests.support.builders import ANN, NOW, reset_tokens

MINUTE = timedelta(minutes=1)


def test_each_token_is_valid_until_it_expires() -> None:
    tokens = reset_tokens(ANN, NOW, NOW + MINUTE)
    for token in tokens.tokens:
        assert tokens.is_valid(token.hash, token.created_at)
        assert tokens.is_valid(token.hash, token.expires_at - timedelta(microseconds=1))
        assert not tokens.is_valid(token.hash, token.expires_at)
    assert not tokens.is_valid(b"another", NOW)


def test_a_user_gets_at_most_five_mails_an_hour() -> None:
    tokens = reset_tokens(ANN, *(NOW + n * MINUTE for n in range(ResetTokens.MAX_MAILS)))
    (late,) = reset_tokens(ANN, NOW + timedelta(hours=1)).tokens
    assert tokens.add(replace(late, created_at=late.created_at - timedelta(microseconds=1))) is None
    assert tokens.add(late) == ResetTokens(ANN, (*tokens.tokens[1:], late))


def test_a_mail_that_is_sent_again_replaces_its_token_and_does_not_count_twice() -> None:
    tokens = reset_tokens(ANN, *(NOW + n * MINUTE for n in range(ResetTokens.MAX_MAILS)))
    again = ResetToken(mail_id=tokens.tokens[1].mail_id, hash=b"another", created_at=NOW + 10 * MINUTE)
    assert tokens.add(again) == ResetTokens(ANN, (tokens.tokens[0], *tokens.tokens[2:], again))


def test_tokens_are_outdated_when_none_counts_for_the_limit() -> None:
    tokens = reset_tokens(ANN, NOW, NOW + MINUTE)
    assert not tokens.is_outdated(NOW + timedelta(hours=1))
    assert tokens.is_outdated(NOW + timedelta(hours=1) + MINUTE)
