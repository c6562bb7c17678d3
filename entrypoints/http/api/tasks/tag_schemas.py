from dataclasses import dataclass
from typing import Self

from domain.tasks.tag import TagCount
from entrypoints.http.schemas.body import Body
from entrypoints.http.schemas.fields import TagName


class RenameTagBody(Body):
    name: TagName


@dataclass(slots=True)
class TagCountView:
    name: str
    task_count: int

    @classmethod
    def of(cls, count: TagCount) -> Self:
        return cls(name=count.tag.name, task_count=count.task_count)


@dataclass(slots=True)
class TagCountsView:
    items: list[TagCountView]

    @classmethod
    def of(cls, counts: list[TagCount]) -> Self:
        return cls(items=[TagCountView.of(count) for count in counts])
