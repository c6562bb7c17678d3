"""Builders of entities. Each call uses a new id and new names; tests override the fields that matter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypedDict, Unpack
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.audit.audit_event import AuditEvent, AuditEventId
from domain.calendar import Due
from domain.files.file import File, FileId
from domain.identity.actor import Actor
from domain.identity.reset_tokens import ResetToken, ResetTokens
from domain.identity.session import Session, SessionId
from domain.identity.user import Role, User, UserId
from domain.tasks.status import Status
from domain.tasks.tag import Tag
from domain.tasks.task import Priority, Task, TaskId

NOW: Final = datetime(2026, 3, 4, 12, tzinfo=UTC)
"""A Wednesday at noon. Its ISO week is 2 to 8 March."""


def new_task_id() -> TaskId:
    return TaskId(uuid7())


def new_user_id() -> UserId:
    return UserId(uuid7())


ANN: Final = new_user_id()
BEN: Final = new_user_id()


class TaskFields(TypedDict, total=False):
    id: TaskId
    owner_id: UserId
    title: str
    at: datetime
    description: str | None
    status: Status | None
    completed: bool | None
    priority: Priority
    due: Due | None
    tags: tuple[Tag, ...]


class UserFields(TypedDict, total=False):
    id: UserId
    username: str
    email: str
    full_name: str | None
    role: Role
    is_active: bool
    timezone: str
    password_hash: str
    created_at: datetime
    updated_at: datetime
    version: int


def a_task(**overrides: Unpack[TaskFields]) -> Task:
    """Return a task, by default of Ann and created NOW."""
    fields: TaskFields = {"id": new_task_id(), "owner_id": ANN, "title": "Water the plants", "at": NOW}
    return Task.create(**(fields | overrides))


def a_user(**overrides: Unpack[UserFields]) -> User:
    """Return a user, by default active, registered NOW, with a unique username and e-mail address."""
    id = overrides.get("id", new_user_id())
    name = f"user-{id.hex}"
    user = User.register(id=id, username=name, email=f"{name}@example.com", password_hash="hash", at=NOW)
    return replace(user, **overrides)


class SessionFields(TypedDict, total=False):
    id: SessionId
    user_id: UserId
    refresh_hash: bytes
    family_hash: bytes
    at: datetime
    lifetime: timedelta
    user_agent: str | None
    ip_address: str | None


def a_session(**overrides: Unpack[SessionFields]) -> Session:
    """Return a session, by default of Ann, started NOW and valid for a day."""
    fields: SessionFields = {
        "id": SessionId(uuid7()),
        "user_id": ANN,
        "refresh_hash": b"first",
        "family_hash": b"family",
        "at": NOW,
        "lifetime": timedelta(days=1),
    }
    return Session.start(**(fields | overrides))


class FileFields(TypedDict, total=False):
    id: FileId
    owner_id: UserId
    task_id: TaskId | None
    filename: str
    content_type: str
    charset: str | None
    size: int
    sha256: str
    created_at: datetime


def a_file(**overrides: Unpack[FileFields]) -> File:
    """Return a file, by default of Ann, without a task and created NOW."""
    file = File(
        id=FileId(uuid7()),
        owner_id=ANN,
        task_id=None,
        filename="notes.txt",
        content_type="text/plain",
        charset="utf-8",
        size=5,
        sha256="00" * 32,
        created_at=NOW,
    )
    return replace(file, **overrides)


def an_audit_event(name: str = "login", **fields: Any) -> AuditEvent:
    """Return an audit event, by default about no account and recorded NOW."""
    return replace(AuditEvent(id=AuditEventId(uuid7()), at=NOW, name=name, details={}), **fields)


def tags(*names: str) -> tuple[Tag, ...]:
    return tuple(Tag(name) for name in names)


def acting(user_id: UserId, role: Role = Role.USER) -> Actor:
    return Actor(user_id, role, "UTC")


AN_ADMIN: Final = acting(UserId(UUID(int=1)), Role.ADMIN)
"""An admin without an account: the use cases check only the role of the actor."""


def reset_tokens(user_id: UserId, *created_at: datetime) -> ResetTokens:
    """Return the tokens of a user, each of a mail of its own."""
    hashes = (uuid7() for _ in created_at)
    return ResetTokens(
        user_id,
        tuple(
            ResetToken(mail_id=uuid7(), hash=b"\x00\xff" + h.bytes, created_at=at)
            for h, at in zip(hashes, created_at, strict=True)
        ),
    )
