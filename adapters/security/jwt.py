from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import jwt

from application.identity.security import AccessToken, Claims
from application.platform.ids import NewId
from domain.errors import InvalidToken
from domain.identity.session import SessionId
from domain.identity.user import UserId

ALGORITHM: Final = "HS256"
TYPE: Final = "at+jwt"
ISSUER: Final = "task-manager"
AUDIENCE: Final = "task-manager"
REQUIRED: Final = ("iss", "aud", "sub", "sid", "jti", "iat", "exp")
LEEWAY: Final = timedelta(seconds=5)
"""How far the clocks of two machines may differ for a token from the future."""


class JwtAccessTokens:
    """Signed with one key of `keys` (by `kid`), verified with any: RFC 9068 as to type, RFC 8725 as to the rest."""

    def __init__(self, keys: Mapping[str, str], signing_kid: str, lifetime: timedelta, new_id: NewId) -> None:
        self._keys = {kid: key.encode() for kid, key in keys.items()}
        self._header = {"typ": TYPE, "kid": signing_kid}
        self._signing_key = self._keys[signing_kid]
        self._lifetime = lifetime
        self._new_id = new_id
        self._verified = lru_cache(maxsize=4096)(self._payload)

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
        if not self._is_current(payload, at):
            raise InvalidToken
        return claims

    def _payload(self, text: str) -> dict[str, Any]:
        """Verified but for its times, which pass. What is signed once is signed for ever, and clients send the same
        token many times, so this is remembered; what is not signed is looked at anew."""
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

    def _is_current(self, payload: dict[str, Any], at: datetime) -> bool:
        """By the clock we were given, which PyJWT does not know. Our tokens have no `nbf`; one that has is held to it
        (RFC 7519, section 4.1.5)."""
        now, issued, expires = at.timestamp(), payload["iat"], payload["exp"]
        begins = payload.get("nbf", issued)
        if type(issued) is not int or type(begins) is not int or type(expires) is not int:
            return False
        return max(issued, begins) <= now + LEEWAY.total_seconds() and now < expires
