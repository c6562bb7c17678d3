from dataclasses import dataclass
from datetime import datetime

from domain.tasks.tag import Tag
from domain.tasks.task import Task


@dataclass(frozen=True, slots=True)
class TagChange:
    """Another tag in the place of `tag` on all tasks of an owner, or none if `new` is None."""

    tag: Tag
    new: Tag | None

    def apply(self, task: Task, *, at: datetime) -> Task:
        """Return the next version of a task.

        Raises:
            TagNotFound: The task does not have the tag.
        """
        return task.remove_tag(self.tag, at=at) if self.new is None else task.rename_tag(self.tag, self.new, at=at)

    def depends_on(self, earlier: "TagChange") -> bool:
        """Return whether the result would differ if `earlier` took effect after this change."""
        return self.tag in (earlier.tag, earlier.new) or earlier.tag == self.new
