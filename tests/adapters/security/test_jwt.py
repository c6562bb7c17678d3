from datetime import timedelta
from typing import Any, Final

import jwt
import pytest

from adapters.security.jwt import JwtAccessTokens
from domain.errors import InvalidToken
from tests.contracts.identity.access_tokens import CLAIMS, AccessTokensContract
from tests.support.builders import NOW, new_task_id

KEY: Final = "a key for tests that is longer than 32 bytes"
OTHER: Final = "another key for tests, of 32 bytes or more"
LIFETIME: Final = timedelta(minutes=15)


def signed(*, header: dict[str, Any] | None = None, key: str = KEY, algorithm: str = "HS256", **claims: Any) -> str:
    """Return a valid token with some claims or headers replaced. None removes a claim."""
    payload = jwt.decode(JwtTokens.tokens.issue(CLAIMS, NOW).text, options={"verify_signature": False}) | claims
    present = {name: value for name, value in payload.items() if value is not None}
    return jwt.encode(present, key, algorithm, headers={"typ": "at+jwt", "kid": "1", **(header or {})})


class JwtTokens(AccessTokensContract):
    tokens = JwtAccessTokens({"1": KEY}, "1", LIFETIME, new_task_id)
    foreign = JwtAccessTokens({"1": OTHER}, "1", LIFETIME, new_task_id)


class TestJwt(JwtTokens):
    def test_the_unmodified_token_is_accepted(self) -> None:
        assert self.tokens.verify(signed(), NOW) == CLAIMS

    @pytest.mark.parametrize("claim", ["iss", "aud", "sub", "sid", "jti", "iat", "exp"])
    def test_every_claim_is_required(self, claim: str) -> None:
        absent: dict[str, Any] = {claim: None}
        with pytest.raises(InvalidToken):
            self.tokens.verify(signed(**absent), NOW)

    @pytest.mark.parametrize(
        "claims",
        [
            {"iss": "others"},
            {"aud": "others"},
            {"sub": "ann"},
            {"sub": 1},
            {"sid": "none"},
            {"exp": "9999999999"},
            {"exp": 9e99},
            {"exp": True},
            {"iat": NOW.timestamp() + 60},
            {"iat": int(NOW.timestamp()) + 60},
        ],
        ids=str,
    )
    def test_invalid_claims_are_refused(self, claims: dict[str, Any]) -> None:
        with pytest.raises(InvalidToken):
            self.tokens.verify(signed(**claims), NOW)

    @pytest.mark.parametrize(
        "header", [{"typ": "JWT"}, {"typ": None}, {"kid": "2"}, {"kid": ""}, {"crit": ["exp"]}, {"crit": []}], ids=str
    )
    def test_invalid_headers_are_refused(self, header: dict[str, Any]) -> None:
        with pytest.raises(InvalidToken):
            self.tokens.verify(signed(header=header), NOW)

    @pytest.mark.parametrize("algorithm", ["HS384", "HS512", "none"])
    def test_other_algorithms_are_refused(self, algorithm: str) -> None:
        with pytest.raises(InvalidToken):
            self.tokens.verify(signed(algorithm=algorithm, key="" if algorithm == "none" else KEY * 2), NOW)

    def test_an_old_key_verifies_but_does_not_sign(self) -> None:
        rotated = JwtAccessTokens({"2": OTHER, "1": KEY}, "2", LIFETIME, new_task_id)
        old, new = self.tokens.issue(CLAIMS, NOW).text, rotated.issue(CLAIMS, NOW).text

        assert rotated.verify(old, NOW) == rotated.verify(new, NOW) == CLAIMS
        assert jwt.get_unverified_header(new)["kid"] == "2"
        with pytest.raises(InvalidToken):
            self.tokens.verify(new, NOW)
