from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import jwt

from application.identity.security import AccessToken, Claims
from application.platform.ids import NewId
from domain.errors import ExpiredToken, InvalidToken
from domain.identity.session import SessionId
from domain.identity.user import UserId

ALGORITHM: Final = "HS256"
TYPE: Final = "at+jwt"
ISSUER: Final = "task-manager"
AUDIENCE: Final = "task-manager"
REQUIRED: Final = ("iss", "aud", "sub", "sid", "jti", "iat", "exp")
LEEWAY: Final = timedelta(seconds=5)
"""By how much the clock of the issuing machine may be ahead."""


class JwtAccessTokens:
    """JSON Web Tokens of the type of RFC 9068, handled as RFC 8725 recommends.

    Tokens are signed with the key `signing_kid` and verified with any of `keys`, so that keys can be rotated.
    """

    def __init__(self, keys: Mapping[str, str], signing_kid: str, lifetime: timedelta, new_id: NewId) -> None:
        self._keys = {kid: key.encode() for kid, key in keys.items()}
        self._header = {"typ": TYPE, "kid": signing_kid}
        self._signing_key = self._keys[signing_kid]
        self._lifetime = lifetime
        self._new_id = new_id
        self._verified = lru_cache(maxsize=4096)(self._decode)

    def issue(self, claims: Claims, at: datetime) -> AccessToken:
        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(claims.user_id),
            "sid": str(claims.session_id),
            "jti": str(self._new_id()),
            "iat": int(at.timestamp()),
            "exp": int((at + self._lifetime).timestamp()),
        }
        text = jwt.encode(payload, self._signing_key, ALGORITHM, headers=self._header)
        return AccessToken(text, int(self._lifetime.total_seconds()))

    def verify(self, text: str, at: datetime) -> Claims:
        try:
            payload = self._verified(text)
            claims = Claims(UserId(UUID(payload["sub"])), SessionId(UUID(payload["sid"])))
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, RecursionError):
            raise InvalidToken from None
        _check_times(payload, at)
        return claims

    def _decode(self, text: str) -> dict[str, Any]:
        """Return the payload of a token after all checks except those of its times.

        `_verified` caches the result, because clients send the same token many times and a valid signature stays
        valid. Errors are not cached.
        """
        header = jwt.get_unverified_header(text)
        key = self._keys.get(str(header.get("kid")))
        if key is None or header.get("typ") != TYPE or "crit" in header:
            raise InvalidToken
        return jwt.decode(
            text,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": list(REQUIRED), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )


def _check_times(payload: dict[str, Any], at: datetime) -> None:
    """Check the times of a token against `at`; PyJWT only knows the system clock.

    This service sets no `nbf`. A token that has one is not accepted before it (RFC 7519, section 4.1.5).

    Raises:
        InvalidToken: A time is malformed, or the token is not yet valid.
        ExpiredToken: The token is no longer valid.
    """
    now, issued_at, expires_at = at.timestamp(), payload["iat"], payload["exp"]
    not_before = payload.get("nbf", issued_at)
    if type(issued_at) is not int or type(not_before) is not int or type(expires_at) is not int:
        raise InvalidToken
    if max(issued_at, not_before) > now + LEEWAY.total_seconds():
        raise InvalidToken
    if now >= expires_at:
        raise ExpiredToken
