"""What a storage of tasks needs, beside the names of `task_manager`: the ports, and objects of the domain."""

from adapters.memory.engine.slices import slice_of
from adapters.memory.tasks.scanning import ScanningTasks
from application.platform.paging import TOTAL_CAP
from application.tasks.ports import TaskCounters, TaskHistory, TaskRepository, TaskStorage, TaskTransaction
from domain.errors import TasksNotFound
from domain.tasks.counters import CounterAmounts, CounterChanges, CounterKey, CounterKind
from domain.tasks.history import NewestFirst
from domain.tasks.statistics import Statistics, compute_statistics
from domain.tasks.tag import TagCount
from domain.tasks.tag_query import TagFilter
from domain.tasks.task_query import TaskCriteria

__all__ = [
    "TOTAL_CAP",
    "CounterAmounts",
    "CounterChanges",
    "CounterKey",
    "CounterKind",
    "NewestFirst",
    "ScanningTasks",
    "Statistics",
    "TagCount",
    "TagFilter",
    "TaskCounters",
    "TaskCriteria",
    "TaskHistory",
    "TaskRepository",
    "TaskStorage",
    "TaskTransaction",
    "TasksNotFound",
    "compute_statistics",
    "slice_of",
]
