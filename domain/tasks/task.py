from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NewType, Self, TypedDict, Unpack
from uuid import UUID

from domain.calendar import Due
from domain.errors import InvalidValue, TagNotFound
from domain.identity.user import UserId
from domain.tasks.status import OPEN_STATUSES, Status, resolve_status
from domain.tasks.tag import Tag, normalize_tags
from domain.text import fold, is_blank, is_storable

TaskId = NewType("TaskId", UUID)
FieldValue = str | list[str] | None
"""A field's value as JSON."""


class Priority(StrEnum):
    """The priority of a task. Priorities sort in this order."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class TaskChanges(TypedDict, total=False):
    """The fields that an edit changes. Missing fields keep their values; None clears an optional field.

    `completed=True` completes the task; `completed=False` reopens a completed task and does not change any other.
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
    """A task. Entities are values: a change returns a new task, which the caller has to save.

    `create`, `edit` and the other methods check all rules. The constructor checks nothing, because only
    storages call it, with the values of a valid task.
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
        """Create the first version of a task.

        Raises:
            InvalidValue: A field breaks its rule.
        """
        resolved = resolve_status(Status.PENDING, status, completed)
        return cls(
            id=id,
            owner_id=owner_id,
            title=validate_title(title),
            description=validate_description(description),
            status=resolved,
            priority=priority,
            due=due,
            tags=normalize_tags(tags),
            created_at=at,
            updated_at=at,
            completed_at=at if resolved.is_completed else None,
            version=1,
        )

    def edit(self, *, at: datetime, **changes: Unpack[TaskChanges]) -> Self:
        """Return the next version of the task, or the task itself if the changes make no difference.

        No version is older than the one before, although clocks differ and are set back.

        Raises:
            InvalidValue: A field breaks its rule.
        """
        at = max(at, self.updated_at)
        status = resolve_status(self.status, changes.get("status"), changes.get("completed"))
        completed_at = self.completed_at
        if status is not self.status:
            completed_at = at if status.is_completed else None
        edited = replace(
            self,
            title=validate_title(changes.get("title", self.title)),
            description=validate_description(changes.get("description", self.description)),
            status=status,
            completed_at=completed_at,
            priority=changes.get("priority", self.priority),
            due=changes.get("due", self.due),
            tags=normalize_tags(changes.get("tags", self.tags)),
        )
        return self if edited == self else replace(edited, updated_at=at, version=self.version + 1)

    def add_tags(self, tags: tuple[Tag, ...], *, at: datetime) -> Self:
        """Add tags to those of the task.

        Raises:
            InvalidTag: The task would have too many tags.
        """
        return self.edit(at=at, tags=(*self.tags, *tags))

    def remove_tag(self, tag: Tag, *, at: datetime) -> Self:
        """Remove one tag.

        Raises:
            TagNotFound: The task does not have the tag.
        """
        if tag not in self.tags:
            raise TagNotFound
        return self.edit(at=at, tags=tuple(t for t in self.tags if t != tag))

    def rename_tag(self, tag: Tag, new: Tag, *, at: datetime) -> Self:
        """Replace a tag by another one, which the task may already have.

        Raises:
            TagNotFound: The task does not have `tag`.
        """
        if tag not in self.tags:
            raise TagNotFound
        return self.edit(at=at, tags=tuple(new if t == tag else t for t in self.tags))

    @property
    def completed(self) -> bool:
        """Whether the task is completed."""
        return self.status.is_completed

    @property
    def is_open(self) -> bool:
        """Whether the task is neither completed nor cancelled."""
        return self.status in OPEN_STATUSES

    @property
    def field_values(self) -> dict[str, FieldValue]:
        """The editable fields by name, for the history."""
        return {
            "title": self.title,
            "description": self.description,
            "status": self.status.value,
            "priority": self.priority.value,
            "due": self.due.text if self.due else None,
            "tags": [tag.name for tag in self.tags],
        }

    @property
    def title_key(self) -> str:
        """The title without case. Sorting by title compares it by code point."""
        return self.title.casefold()

    @property
    def search_text(self) -> str:
        """The folded text of title, description and tags. A search matches if it contains all folded words."""
        return "\n".join((fold(self.title), fold(self.description or ""), *(tag.name for tag in self.tags)))


def validate_title(text: str) -> str:
    """Return the title without white space at both ends.

    Raises:
        InvalidValue: The title is too long, blank or not storable.
    """
    title = text.strip()
    if not 1 <= len(title) <= Task.MAX_TITLE:
        raise InvalidValue("title", "invalid_title", f"title must have 1 to {Task.MAX_TITLE} characters")
    if is_blank(title) or not is_storable(title):
        raise InvalidValue(
            "title", "invalid_title", "title must have a visible character, and no NUL or lone surrogates"
        )
    return title


def validate_description(text: str | None) -> str | None:
    """Return the description unchanged.

    Raises:
        InvalidValue: The description is too long or not storable.
    """
    if text is not None and (len(text) > Task.MAX_DESCRIPTION or not is_storable(text)):
        raise InvalidValue(
            "description",
            "invalid_description",
            f"description must have at most {Task.MAX_DESCRIPTION} characters, and no NUL or lone surrogates",
        )
    return text
