import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from application.files.ports import FileStoreId
from application.jobs.ports import Job, JobId
from application.platform.idempotency import IdempotencyRecord, RequestKey
from domain.audit.audit_event import AuditEvent, AuditEventId
from domain.files.file import File, FileId
from domain.identity.reset_tokens import ResetTokens
from domain.identity.session import Session, SessionId
from domain.identity.user import User, UserId
from domain.tasks.counters import CounterKey
from domain.tasks.history import TaskChange
from domain.tasks.task import Task, TaskId


@dataclass(slots=True)
class Rows:
    """The committed data of the storage, by key."""

    users: dict[UserId, User] = field(default_factory=dict)
    removed_users: dict[UserId, User] = field(default_factory=dict)
    """Users who were removed, but whose data were not purged."""
    usernames: dict[str, UserId] = field(default_factory=dict)
    """Unique index: the user of each username key."""
    emails: dict[str, UserId] = field(default_factory=dict)
    """Unique index: the user of each e-mail key."""
    sessions: dict[SessionId, Session] = field(default_factory=dict)
    reset_tokens: dict[UserId, ResetTokens] = field(default_factory=dict)
    idempotency: dict[RequestKey, IdempotencyRecord] = field(default_factory=dict)
    files: dict[FileId, File] = field(default_factory=dict)
    file_store_id: dict[int, FileStoreId] = field(default_factory=dict)
    jobs: dict[JobId, Job] = field(default_factory=dict)
    audit_events: dict[AuditEventId, AuditEvent] = field(default_factory=dict)
    counters: dict[CounterKey, int] = field(default_factory=dict)
    history: dict[TaskId, tuple[TaskChange, ...]] = field(default_factory=dict)
    tasks: defaultdict[UserId, dict[TaskId, Task]] = field(default_factory=lambda: defaultdict(dict))


K = TypeVar("K")
V = TypeVar("V")

RequireOpen = Callable[[], None]
"""Raises UnitOfWorkNotOpen unless the unit of work is open."""


class Staged(Generic[K, V]):
    """A mapping with the uncommitted changes of one transaction. `apply` writes them to the mapping."""

    def __init__(self, rows: dict[K, V], require_open: RequireOpen) -> None:
        self._rows = rows
        self._require_open = require_open
        self._changes: dict[K, V | None] = {}

    def get(self, key: K) -> V | None:
        self._require_open()
        return self._changes[key] if key in self._changes else self._rows.get(key)

    def put(self, key: K, value: V) -> None:
        self._require_open()
        self._changes[key] = value

    def drop(self, key: K) -> None:
        self._require_open()
        self._changes[key] = None

    def values(self) -> Iterator[V]:
        self._require_open()
        for key, value in self._rows.items():
            if key not in self._changes:
                yield value
        for change in self._changes.values():
            if change is not None:
                yield change

    def __iter__(self) -> Iterator[K]:
        self._require_open()
        return (key for key in {**self._rows, **self._changes} if self.get(key) is not None)

    def apply(self) -> None:
        for key, change in self._changes.items():
            if change is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = change


class WriteLock:
    """A lock from the first write of a transaction to its end, so that its checks stay valid."""

    def __init__(self, lock: asyncio.Lock, require_open: RequireOpen) -> None:
        self._lock = lock
        self._require_open = require_open
        self._is_held = False

    async def acquire(self) -> None:
        self._require_open()
        if not self._is_held:
            await self._lock.acquire()
            self._is_held = True

    def release(self) -> None:
        if self._is_held:
            self._lock.release()
            self._is_held = False
