"""Ids and names in paths: whatever names nothing is not found, whether or not it could name something."""

from typing import Annotated

from fastapi import Depends, Path
from pydantic import PlainValidator, WithJsonSchema

from domain.errors import InvalidTag, TagNotFound, TaskNotFound
from domain.tag import Tag
from domain.task import TaskId
from entrypoints.http.schemas.fields import uuid_of


def _task_id(text: str) -> TaskId:
    try:
        return TaskId(uuid_of(text))
    except ValueError:
        raise TaskNotFound from None


async def _tag(tag: Annotated[str, Path(description="in any spelling")]) -> Tag:
    try:
        return Tag(tag)
    except InvalidTag:
        raise TagNotFound from None


TaskIdInPath = Annotated[TaskId, PlainValidator(_task_id), WithJsonSchema({"type": "string", "format": "uuid"})]
TagInPath = Annotated[Tag, Depends(_tag)]
