from collections.abc import Container
from dataclasses import dataclass
from string import punctuation
from typing import ClassVar, Self

from domain.errors import WeakPassword
from domain.text import is_storable


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What a password must be. `common` holds well-known passwords, casefolded.

    One of them stays common with special characters around it: few on such lists have any (ASVS 5.0, 6.2.4).
    A name counts as contained in a password from 4 characters on.
    """

    MAX_LENGTH: ClassVar = 128
    MIN_NAME: ClassVar = 4

    min_length: int
    needs_composition: bool
    common: Container[str]

    @classmethod
    def composed(cls, common: Container[str]) -> Self:
        """8 characters, with an upper and a lower case letter, a digit and a special character."""
        return cls(min_length=8, needs_composition=True, common=common)

    @classmethod
    def nist(cls, common: Container[str]) -> Self:
        """15 characters of any kind (NIST SP 800-63B-4, section 3.1.1.2)."""
        return cls(min_length=15, needs_composition=False, common=common)

    def check(self, password: str, *, username: str, email: str) -> None:
        """Raises WeakPassword, telling the first breach."""
        if not self.min_length <= len(password) <= self.MAX_LENGTH:
            raise WeakPassword(f"a password has {self.min_length} to {self.MAX_LENGTH} characters")
        if not is_storable(password):
            raise WeakPassword("a password has no NUL and no lone surrogate")
        if self.needs_composition and not _is_composed(password):
            raise WeakPassword(
                "a password has an upper case letter, a lower case letter, a digit and a special character"
            )
        folded = password.casefold()
        if folded in self.common or folded.strip(punctuation) in self.common:
            raise WeakPassword("the password is a common one")
        for name in (username, email.partition("@")[0]):
            if len(name) >= self.MIN_NAME and name.casefold() in folded:
                raise WeakPassword("a password contains neither the username nor the e-mail address")


def _is_composed(password: str) -> bool:
    return (
        any(c.isupper() for c in password)
        and any(c.islower() for c in password)
        and any(c.isdigit() for c in password)
        and any(not c.isalnum() and not c.isspace() for c in password)
    )
