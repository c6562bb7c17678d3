from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import jwt

from application.ports.ids import NewId
from application.ports.security import AccessToken
from domain.errors import InvalidToken
from domain.user import UserId

ALGORITHM: Final = "HS256"
TYPE: Final = "at+jwt"
ISSUER: Final = "task-manager"
AUDIENCE: Final = "task-manager"
REQUIRED: Final = ("iss", "aud", "sub", "jti", "iat", "exp")
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

    def issue(self, user_id: UserId, at: datetime) -> AccessToken:
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "jti": str(self._new_id()),
            "iat": int(at.timestamp()),
            "exp": int((at + self._lifetime).timestamp()),
        }
        text = jwt.encode(claims, self._signing_key, ALGORITHM, headers=self._header)
        return AccessToken(text, int(self._lifetime.total_seconds()))

    def verify(self, text: str, at: datetime) -> UserId:
        try:
            claims = self._claims(text)
            user_id = UserId(UUID(claims["sub"]))
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, RecursionError):
            raise InvalidToken from None
        if not self._is_current(claims, at):
            raise InvalidToken
        return user_id

    def _claims(self, text: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(text)
        key = self._keys.get(header.get("kid") or "")
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

    def _is_current(self, claims: dict[str, Any], at: datetime) -> bool:
        """By the clock we were given, which PyJWT does not know."""
        now, issued, expires = at.timestamp(), claims["iat"], claims["exp"]
        if type(issued) is not int or type(expires) is not int:
            return False
        return issued <= now + LEEWAY.total_seconds() and now < expires
