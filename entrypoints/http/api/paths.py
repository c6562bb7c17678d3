"""Ids and names in paths. A malformed one is not found, like an unknown one."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Path
from pydantic import PlainValidator, WithJsonSchema

from application.jobs.ports import JobId, JobNotFound
from domain.errors import FileNotFound, InvalidTag, NotFound, SessionNotFound, TagNotFound, TaskNotFound, UserNotFound
from domain.files.file import FileId
from domain.identity.session import SessionId
from domain.identity.user import UserId
from domain.tasks.tag import Tag
from domain.tasks.task import TaskId
from entrypoints.http.schemas.fields import parse_uuid


def _id_or(error: type[NotFound]) -> PlainValidator:
    def parse(text: str) -> UUID:
        try:
            return parse_uuid(text)
        except ValueError:
            raise error from None

    return PlainValidator(parse)


async def _tag(tag: Annotated[str, Path(description="The name of the tag, in any case and width.")]) -> Tag:
    try:
        return Tag(tag)
    except InvalidTag:
        raise TagNotFound from None


_SCHEMA: Final = WithJsonSchema({"type": "string", "format": "uuid"})

TaskIdInPath = Annotated[TaskId, _id_or(TaskNotFound), _SCHEMA, Path(description="The id of the task.")]
UserIdInPath = Annotated[UserId, _id_or(UserNotFound), _SCHEMA, Path(description="The id of the user.")]
SessionIdInPath = Annotated[SessionId, _id_or(SessionNotFound), _SCHEMA, Path(description="The id of the session.")]
JobIdInPath = Annotated[
    JobId, _id_or(JobNotFound), _SCHEMA, Path(description="The id of the job, from the `Location` of a response `202`.")
]
FileIdInPath = Annotated[FileId, _id_or(FileNotFound), _SCHEMA, Path(description="The id of the file.")]
TagInPath = Annotated[Tag, Depends(_tag)]
