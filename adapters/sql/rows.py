"""Entities as rows and back. Columns are read in the order of TASK_COLUMNS and USER_COLUMNS."""

from collections.abc import Sequence
from datetime import UTC
from functools import lru_cache
from typing import Any

from adapters.sql.tables import files, sessions, tasks, users
from domain.due import Due
from domain.file import File
from domain.session import Session
from domain.tag import Tag
from domain.task import Priority, Status, Task
from domain.task_query import RANK_OF_PRIORITY, RANK_OF_STATUS, SortField, TaskOrder
from domain.user import Role, User, name_key

STATUS_AT = tuple(Status)
PRIORITY_AT = tuple(Priority)
ROLE_AT = tuple(Role)

TASK_COLUMNS = (
    tasks.c.id,
    tasks.c.owner_id,
    tasks.c.title,
    tasks.c.description,
    tasks.c.status,
    tasks.c.priority,
    tasks.c.due_day,
    tasks.c.due_at,
    tasks.c.tags,
    tasks.c.created_at,
    tasks.c.updated_at,
    tasks.c.completed_at,
    tasks.c.version,
)

USER_COLUMNS = (
    users.c.id,
    users.c.username,
    users.c.email,
    users.c.full_name,
    users.c.role,
    users.c.is_active,
    users.c.timezone,
    users.c.password_hash,
    users.c.created_at,
    users.c.updated_at,
    users.c.version,
)

SESSION_COLUMNS = (
    sessions.c.id,
    sessions.c.user_id,
    sessions.c.refresh_hash,
    sessions.c.created_at,
    sessions.c.last_used_at,
    sessions.c.expires_at,
    sessions.c.user_agent,
    sessions.c.ip_address,
)

FILE_COLUMNS = (
    files.c.id,
    files.c.owner_id,
    files.c.task_id,
    files.c.filename,
    files.c.content_type,
    files.c.size,
    files.c.sha256,
    files.c.created_at,
)

BY_DUE_ASCENDING = TaskOrder(SortField.DUE_DATE, descending=False)
BY_DUE_DESCENDING = TaskOrder(SortField.DUE_DATE, descending=True)


def task_to_row(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "owner_id": task.owner_id,
        "title": task.title,
        "description": task.description,
        "status": RANK_OF_STATUS[task.status],
        "priority": RANK_OF_PRIORITY[task.priority],
        "due_day": task.due and task.due.day,
        "due_at": task.due and task.due.instant,
        "tags": [tag.name for tag in task.tags],
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "completed_at": task.completed_at,
        "version": task.version,
        "title_key": task.title_key,
        "due_ascending": BY_DUE_ASCENDING.key(task),
        "due_descending": BY_DUE_DESCENDING.key(task),
        "search_text": task.search_text,
    }


def task_from_row(row: Sequence[Any]) -> Task:
    (
        id,
        owner_id,
        title,
        description,
        status,
        priority,
        due_day,
        due_at,
        tags,
        created_at,
        updated_at,
        completed_at,
        version,
    ) = row
    if due_at is not None and due_at.tzinfo is None:
        due_at = due_at.replace(tzinfo=UTC)  # asyncpg knows the ends of the calendar as infinities, without offset
    due = due_day or due_at
    return Task(
        id=id,
        owner_id=owner_id,
        title=title,
        description=description,
        status=STATUS_AT[status],
        priority=PRIORITY_AT[priority],
        due=due and Due(due),
        tags=tuple(map(_tag, tags)),
        created_at=created_at,
        updated_at=updated_at,
        completed_at=completed_at,
        version=version,
    )


_tag = lru_cache(maxsize=4096)(Tag)
"""Checking a name again costs more than looking it up, and most rows share a few."""


def user_to_row(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "full_name": user.full_name,
        "role": ROLE_AT.index(user.role),
        "is_active": user.is_active,
        "timezone": user.timezone,
        "password_hash": user.password_hash,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "version": user.version,
        "username_key": name_key(user.username),
        "email_key": name_key(user.email),
        "search_text": user.search_text,
    }


def user_from_row(row: Sequence[Any]) -> User:
    (
        id,
        username,
        email,
        full_name,
        role,
        is_active,
        timezone,
        password_hash,
        created_at,
        updated_at,
        version,
    ) = row
    return User(
        id=id,
        username=username,
        email=email,
        full_name=full_name,
        role=ROLE_AT[role],
        is_active=is_active,
        timezone=timezone,
        password_hash=password_hash,
        created_at=created_at,
        updated_at=updated_at,
        version=version,
    )


def session_to_row(session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "user_id": session.user_id,
        "refresh_hash": session.refresh_hash,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "expires_at": session.expires_at,
        "user_agent": session.user_agent,
        "ip_address": session.ip_address,
    }


def session_from_row(row: Sequence[Any]) -> Session:
    id, user_id, refresh_hash, created_at, last_used_at, expires_at, user_agent, ip_address = row
    return Session(
        id=id,
        user_id=user_id,
        refresh_hash=refresh_hash,
        created_at=created_at,
        last_used_at=last_used_at,
        expires_at=expires_at,
        user_agent=user_agent,
        ip_address=ip_address,
    )


def file_to_row(file: File) -> dict[str, Any]:
    return {
        "id": file.id,
        "owner_id": file.owner_id,
        "task_id": file.task_id,
        "filename": file.filename,
        "content_type": file.content_type,
        "size": file.size,
        "sha256": bytes.fromhex(file.sha256),
        "created_at": file.created_at,
    }


def file_from_row(row: Sequence[Any]) -> File:
    id, owner_id, task_id, filename, content_type, size, sha256, created_at = row
    return File(
        id=id,
        owner_id=owner_id,
        task_id=task_id,
        filename=filename,
        content_type=content_type,
        size=size,
        sha256=sha256.hex(),
        created_at=created_at,
    )
