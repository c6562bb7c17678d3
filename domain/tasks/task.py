from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NewType, Self, TypedDict, Unpack
from uuid import UUID

from domain.calendar import Due
from domain.errors import ContradictoryCompletion, InvalidDescription, InvalidTitle, PreconditionFailed, TagNotFound
from domain.identity.user import UserId
from domain.tasks.tag import Tag, tag_set
from domain.text import fold, is_blank, is_storable

TaskId = NewType("TaskId", UUID)
Plain = str | list[str] | None
"""A field's value as people and JSON read it."""


class Status(StrEnum):
    """In sorting order. Any may become any."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


OPEN = frozenset({Status.PENDING, Status.IN_PROGRESS})


class Priority(StrEnum):
    """In sorting order."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class TaskChanges(TypedDict, total=False):
    """What an edit may say. A field left out stays as it is; None clears one that may be empty.

    `completed=True` completes; `completed=False` reopens a completed task and leaves any other as it is.
    """

    title: str
    description: str | None
    status: Status
    completed: bool
    priority: Priority
    due: Due | None
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to do. A value: changing it gives another one, and storing that is somebody else's step.

    Made by `create` and changed by `edit` and its neighbours, which keep every rule; the constructor
    trusts its caller, a storage that gives back what it was given.
    """

    MAX_TITLE: ClassVar = 255
    MAX_DESCRIPTION: ClassVar = 2000

    id: TaskId
    owner_id: UserId
    title: str
    description: str | None
    status: Status
    priority: Priority
    due: Due | None
    tags: tuple[Tag, ...]
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    version: int

    @classmethod
    def create(
        cls,
        *,
        id: TaskId,
        owner_id: UserId,
        title: str,
        at: datetime,
        description: str | None = None,
        status: Status | None = None,
        completed: bool | None = None,
        priority: Priority = Priority.MEDIUM,
        due: Due | None = None,
        tags: tuple[Tag, ...] = (),
    ) -> Self:
        """Raises the InvalidValue of the field that breaks its rule."""
        state = resolve_status(Status.PENDING, status, completed)
        return cls(
            id=id,
            owner_id=owner_id,
            title=valid_title(title),
            description=valid_description(description),
            status=state,
            priority=priority,
            due=due,
            tags=tag_set(tags),
            created_at=at,
            updated_at=at,
            completed_at=at if state is Status.COMPLETED else None,
            version=1,
        )

    def edit(self, *, at: datetime, **changes: Unpack[TaskChanges]) -> Self:
        """The task with `changes`: its next version, or itself when nothing is different.

        Raises the InvalidValue of the field that breaks its rule.
        """
        status = resolve_status(self.status, changes.get("status"), changes.get("completed"))
        completed_at = self.completed_at
        if status is not self.status:
            completed_at = at if status is Status.COMPLETED else None
        edited = replace(
            self,
            title=valid_title(changes.get("title", self.title)),
            description=valid_description(changes.get("description", self.description)),
            status=status,
            completed_at=completed_at,
            priority=changes.get("priority", self.priority),
            due=changes.get("due", self.due),
            tags=tag_set(changes.get("tags", self.tags)),
        )
        return self if edited == self else replace(edited, updated_at=at, version=self.version + 1)

    def add_tags(self, tags: tuple[Tag, ...], *, at: datetime) -> Self:
        return self.edit(at=at, tags=(*self.tags, *tags))

    def remove_tag(self, tag: Tag, *, at: datetime) -> Self:
        """Raises TagNotFound if the task does not carry it."""
        if tag not in self.tags:
            raise TagNotFound
        return self.edit(at=at, tags=tuple(t for t in self.tags if t != tag))

    def rename_tag(self, tag: Tag, new: Tag, *, at: datetime) -> Self:
        """Merges where the task carries both. Raises TagNotFound if it does not carry `tag`."""
        if tag not in self.tags:
            raise TagNotFound
        return self.edit(at=at, tags=tuple(new if t == tag else t for t in self.tags))

    def require_version(self, expected: frozenset[int] | None) -> None:
        """Raises PreconditionFailed unless `expected` names this version. None expects nothing."""
        if expected is not None and self.version not in expected:
            raise PreconditionFailed

    @property
    def completed(self) -> bool:
        return self.status is Status.COMPLETED

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def plain(self) -> dict[str, Plain]:
        """What its owner chose, by the names that JSON has for it."""
        return {
            "title": self.title,
            "description": self.description,
            "status": self.status.value,
            "priority": self.priority.value,
            "due_date": self.due.text if self.due else None,
            "tags": [tag.name for tag in self.tags],
        }

    @property
    def title_key(self) -> str:
        """What sorting by title compares, by code point."""
        return self.title.casefold()

    @property
    def search_text(self) -> str:
        """What a search looks into: a folded word found here stands in the title, the description or a tag."""
        return "\n".join((fold(self.title), fold(self.description or ""), *(tag.name for tag in self.tags)))


def valid_title(text: str) -> str:
    """Trimmed. Raises InvalidTitle."""
    title = text.strip()
    if not 1 <= len(title) <= Task.MAX_TITLE:
        raise InvalidTitle(f"a title has 1 to {Task.MAX_TITLE} characters")
    if is_blank(title) or not is_storable(title):
        raise InvalidTitle("a title has something visible, no NUL and no lone surrogate")
    return title


def valid_description(text: str | None) -> str | None:
    """Raises InvalidDescription."""
    if text is not None and (len(text) > Task.MAX_DESCRIPTION or not is_storable(text)):
        raise InvalidDescription(
            f"a description has at most {Task.MAX_DESCRIPTION} characters, no NUL and no lone surrogate"
        )
    return text


def resolve_status(current: Status, status: Status | None, completed: bool | None) -> Status:
    """The status meant by a request that may name it, its completion, both or neither.

    Raises ContradictoryCompletion if the two disagree.
    """
    if status is not None:
        if completed is not None and completed is not (status is Status.COMPLETED):
            raise ContradictoryCompletion("completed is true exactly when the status is completed")
        return status
    if completed:
        return Status.COMPLETED
    if completed is False and current is Status.COMPLETED:
        return Status.PENDING
    return current
