"""Refresh and reset tokens: ids for the look-up, and a secret of which only the hash is stored."""

import base64
import binascii
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import ClassVar, Self
from uuid import UUID

from domain.errors import InvalidToken


@dataclass(frozen=True, slots=True)
class OpaqueToken:
    """A token in URL-safe text. Clients must not interpret its content."""

    FAMILY_SIZE: ClassVar = 16
    """Bytes of the secret that a token shares with the tokens that replace it."""

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

    @property
    def family_hash(self) -> bytes:
        """The hash of the part that all tokens of a family have in common. It has 128 random bits."""
        return sha256(self.secret[: self.FAMILY_SIZE]).digest()

    def successor(self, secret: bytes) -> Self:
        """Return the next token of the family. The rest of its secret, 128 bits, comes from a new secret."""
        return replace(self, secret=self.secret[: self.FAMILY_SIZE] + secret[self.FAMILY_SIZE :])
