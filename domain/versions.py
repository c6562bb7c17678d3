from dataclasses import dataclass
from typing import Final, Self

from domain.errors import DomainError


class PreconditionFailed(DomainError):
    """The stored version does not meet the condition of the caller."""

    code = "PRECONDITION_FAILED"
    default_message = "resource has another version than expected"


@dataclass(frozen=True, slots=True)
class VersionMatch:
    """The versions of an entity that a caller wants to change, and those that the caller does not want to change.

    In both fields, None stands for all versions.
    """

    accepted: frozenset[int] | None = None
    refused: frozenset[int] | None = frozenset()

    @classmethod
    def one_of(cls, *versions: int) -> Self:
        """Accept these versions only."""
        return cls(accepted=frozenset(versions))

    def check(self, version: int) -> None:
        """Check the stored version of an entity.

        Raises:
            PreconditionFailed: The version is not accepted, or it is refused.
        """
        if self.accepted is not None and version not in self.accepted:
            raise PreconditionFailed
        if self.refused is None or version in self.refused:
            raise PreconditionFailed("resource exists in a version that the request excludes")


ANY_VERSION: Final = VersionMatch()
"""Accepts every version."""
