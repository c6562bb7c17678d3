"""Ids and names in paths. A malformed one is not found, like an unknown one."""

from typing import Annotated

from fastapi import Depends, Path
from pydantic import PlainValidator, WithJsonSchema

from domain.errors import FileNotFound, InvalidTag, SessionNotFound, TagNotFound, TaskNotFound, UserNotFound
from domain.files.file import FileId
from domain.identity.session import SessionId
from domain.identity.user import UserId
from domain.tasks.tag import Tag
from domain.tasks.task import TaskId
from entrypoints.http.schemas.fields import parse_uuid


def _task_id(text: str) -> TaskId:
    try:
        return TaskId(parse_uuid(text))
    except ValueError:
        raise TaskNotFound from None


def _user_id(text: str) -> UserId:
    try:
        return UserId(parse_uuid(text))
    except ValueError:
        raise UserNotFound from None


def _session_id(text: str) -> SessionId:
    try:
        return SessionId(parse_uuid(text))
    except ValueError:
        raise SessionNotFound from None


def _file_id(text: str) -> FileId:
    try:
        return FileId(parse_uuid(text))
    except ValueError:
        raise FileNotFound from None


async def _tag(tag: Annotated[str, Path(description="A tag, in any case and width.")]) -> Tag:
    try:
        return Tag(tag)
    except InvalidTag:
        raise TagNotFound from None


TaskIdInPath = Annotated[TaskId, PlainValidator(_task_id), WithJsonSchema({"type": "string", "format": "uuid"})]
UserIdInPath = Annotated[UserId, PlainValidator(_user_id), WithJsonSchema({"type": "string", "format": "uuid"})]
SessionIdInPath = Annotated[
    SessionId, PlainValidator(_session_id), WithJsonSchema({"type": "string", "format": "uuid"})
]
FileIdInPath = Annotated[FileId, PlainValidator(_file_id), WithJsonSchema({"type": "string", "format": "uuid"})]
TagInPath = Annotated[Tag, Depends(_tag)]
