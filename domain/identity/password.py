import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass
from string import punctuation
from typing import ClassVar, Final, Self

from domain.errors import WeakPassword
from domain.text import is_storable, may_fit

_OTHER_SPACES: Final = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
"""The spaces of Unicode (category Zs) that are not ASCII."""


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """The rules for new passwords.

    `common` contains well-known passwords, casefolded. A password is also rejected if only special characters before
    and after it distinguish it from a common one, because few entries of such lists contain any (ASVS 5.0, 6.2.4).
    """

    MAX_LENGTH: ClassVar = 128
    MIN_NAME_LENGTH: ClassVar = 4
    """Shorter names may occur in a password."""

    min_length: int
    requires_composition: bool
    common: Container[str]

    @classmethod
    def composed(cls, common: Container[str]) -> Self:
        """Require 8 characters with an upper and a lower case letter, a digit and a special character."""
        return cls(min_length=8, requires_composition=True, common=common)

    @classmethod
    def nist(cls, common: Container[str]) -> Self:
        """Require 15 characters of any kind (NIST SP 800-63B-4, section 3.1.1.2)."""
        return cls(min_length=15, requires_composition=False, common=common)

    def validate(self, password: str, *, username: str, email: str) -> str:
        """Return a new password as it is hashed. All rules are about this form; see `normalize_password`.

        Raises:
            WeakPassword: The password breaks a rule. The message states the first one.
        """
        password = normalize_password(password)
        if not self.min_length <= len(password) <= self.MAX_LENGTH:
            raise WeakPassword(f"password must have {self.min_length} to {self.MAX_LENGTH} characters")
        if not is_storable(password):
            raise WeakPassword("password must not contain NUL or lone surrogates")
        if self.requires_composition and (missing := _missing_kinds(password)):
            wanted = " and ".join(filter(None, (", ".join(missing[:-1]), missing[-1])))
            raise WeakPassword(f"password must also contain {wanted}")
        folded = password.casefold()
        if folded in self.common or folded.strip(punctuation) in self.common:
            raise WeakPassword("password is too common")
        for name in (username, email.partition("@")[0]):
            if len(name) >= self.MIN_NAME_LENGTH and name.casefold() in folded:
                raise WeakPassword(
                    "password must not contain the username or the part of the e-mail address before the @"
                )
        return password


def normalize_password(text: str) -> str:
    """Return a password as it is hashed: in NFC and with ASCII spaces (OpaqueString, RFC 8265, section 4.2.2).

    Devices encode the same keys differently. Text that is too long for a password is returned unchanged, so that it
    costs no time.
    """
    if text.isascii() or not may_fit(text, PasswordPolicy.MAX_LENGTH):
        return text
    return unicodedata.normalize("NFC", _OTHER_SPACES.sub(" ", text))


def hashed_forms(text: str) -> tuple[str, ...]:
    """Return the forms of a password that a stored hash may have.

    Older hashes were made from a password as it was typed, without normalization.
    """
    normalized = normalize_password(text)
    return (normalized,) if normalized == text else (normalized, text)


def _missing_kinds(password: str) -> list[str]:
    """Return the kinds of characters that a composed password must contain and this one does not."""
    kinds = {
        "an upper case letter": str.isupper,
        "a lower case letter": str.islower,
        "a digit": str.isdigit,
        "a special character": _is_special,
    }
    return [name for name, is_kind in kinds.items() if not any(map(is_kind, password))]


def _is_special(character: str) -> bool:
    return not character.isalnum() and not character.isspace()
