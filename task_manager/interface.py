"""The names of `task_manager`."""

from importlib.metadata import version

from application.audit.ports import AuditLog
from application.files.ports import FileStore
from application.identity.registration import CreateUser, RegisterUser
from application.platform.cache import Cache
from application.platform.clock import Clock
from application.platform.mail import Mail, Mailer
from application.platform.paging import Page, Paging, Slice, Window
from application.platform.rate_limits import RateLimiter
from application.platform.unit_of_work import StorageContention, StorageUnavailable
from application.storage import Storage, UnitOfWork
from application.tasks.tasks import CreateTask, ListTasks
from domain.calendar import Due
from domain.errors import Conflict, DomainError, Forbidden, InvalidValue, NotFound, StaleTask, TaskNotFound
from domain.identity.actor import Actor
from domain.identity.user import Role, User, UserId
from domain.tasks.history import TaskChange
from domain.tasks.status import Status
from domain.tasks.tag import Tag
from domain.tasks.task import Priority, Task, TaskId
from domain.tasks.task_query import TaskFilter, TaskOrder
from entrypoints.setting_types import SettingsError
from entrypoints.settings import Settings
from entrypoints.wiring.container import Container, open_container, run_job_worker
from entrypoints.wiring.services import Services

__version__ = version("task-manager")

__all__ = [
    "Actor",
    "AuditLog",
    "Cache",
    "Clock",
    "Conflict",
    "Container",
    "CreateTask",
    "CreateUser",
    "DomainError",
    "Due",
    "FileStore",
    "Forbidden",
    "InvalidValue",
    "ListTasks",
    "Mail",
    "Mailer",
    "NotFound",
    "Page",
    "Paging",
    "Priority",
    "RateLimiter",
    "RegisterUser",
    "Role",
    "Services",
    "Settings",
    "SettingsError",
    "Slice",
    "StaleTask",
    "Status",
    "Storage",
    "StorageContention",
    "StorageUnavailable",
    "Tag",
    "Task",
    "TaskChange",
    "TaskFilter",
    "TaskId",
    "TaskNotFound",
    "TaskOrder",
    "UnitOfWork",
    "User",
    "UserId",
    "Window",
    "__version__",
    "open_container",
    "run_job_worker",
]
