from enum import StrEnum

from domain.errors import InvalidValue


class Status(StrEnum):
    """The status of a task. Statuses sort in this order, and every change from one to another is allowed."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"

    @property
    def is_completed(self) -> bool:
        """Whether a task in this status counts as completed."""
        return self is Status.COMPLETED


OPEN_STATUSES = frozenset({Status.PENDING, Status.IN_PROGRESS})


def check_completion(status: Status | None, completed: bool | None) -> None:
    """Check that a status and a `completed` flag agree. None means that the request does not contain it.

    Raises:
        InvalidValue: `completed` contradicts the status.
    """
    if status is not None and completed is not None and completed is not status.is_completed:
        raise InvalidValue(
            "completed", "contradictory_completion", "completed must be true if and only if the status is completed"
        )


def resolve_status(current: Status, status: Status | None, completed: bool | None) -> Status:
    """Return the status that a request asks for, which may contain a status, a `completed` flag, both or neither.

    Raises:
        InvalidValue: `completed` contradicts the status.
    """
    check_completion(status, completed)
    if status is not None:
        return status
    if completed is None or completed is current.is_completed:
        return current
    return Status.COMPLETED if completed else Status.PENDING
