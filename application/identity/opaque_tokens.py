"""Refresh and reset tokens: whose they are, and a secret that is stored only as a hash."""

import base64
import binascii
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self
from uuid import UUID

from domain.errors import InvalidToken


@dataclass(frozen=True, slots=True)
class OpaqueToken:
    """URL-safe text; nothing in it is to be understood by who holds it."""

    ids: tuple[UUID, ...]
    secret: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str, ids: int) -> Self:
        """With that many ids before the secret. Raises InvalidToken."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise InvalidToken from None
        if len(raw) != 16 * ids + 32:
            raise InvalidToken
        return cls(tuple(UUID(bytes=raw[16 * i : 16 * (i + 1)]) for i in range(ids)), raw[16 * ids :])

    @property
    def text(self) -> str:
        return base64.urlsafe_b64encode(b"".join(id.bytes for id in self.ids) + self.secret).rstrip(b"=").decode()

    @property
    def hash(self) -> bytes:
        """Fast, as the secret can't be guessed."""
        return sha256(self.secret).digest()
