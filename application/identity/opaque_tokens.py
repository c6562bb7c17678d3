"""Refresh and reset tokens: ids for the look-up, and a secret of which only the hash is stored."""

import base64
import binascii
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self
from uuid import UUID

from domain.errors import InvalidToken


@dataclass(frozen=True, slots=True)
class OpaqueToken:
    """A token in URL-safe text. Clients must not interpret its content."""

    ids: tuple[UUID, ...]
    secret: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str, ids: int) -> Self:
        """Parse a token with `ids` ids before the secret.

        Raises:
            InvalidToken: The text is malformed or has another length.
        """
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise InvalidToken from None
        if len(raw) != 16 * ids + 32:
            raise InvalidToken
        return cls(tuple(UUID(bytes=raw[16 * i : 16 * (i + 1)]) for i in range(ids)), raw[16 * ids :])

    @property
    def text(self) -> str:
        """The token as clients receive it: URL-safe Base64 without padding."""
        return base64.urlsafe_b64encode(b"".join(id.bytes for id in self.ids) + self.secret).rstrip(b"=").decode()

    @property
    def hash(self) -> bytes:
        """The hash of the secret. A fast hash is enough, because the secret has 256 random bits."""
        return sha256(self.secret).digest()
