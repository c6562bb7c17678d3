"""The names of all metrics except those of requests, and where their values come from."""

from collections import Counter
from typing import Protocol, runtime_checkable

from adapters.metrics.samples import Gauge, Metric, Samples, StorageGauges
from application.jobs.service import JobService
from application.operations.health import Health, HealthService
from application.platform.cache import Lookups
from application.tasks.total_cache import TotalCache


class PoolUse(Protocol):
    """Numbers of database connections."""

    @property
    def in_use(self) -> int: ...

    @property
    def idle(self) -> int: ...

    @property
    def max_size(self) -> int: ...


@runtime_checkable
class HasPool(Protocol):
    """A storage with a pool of connections. Other storages have no such metrics."""

    @property
    def pool_use(self) -> PoolUse: ...


@runtime_checkable
class CountsLookups(Protocol):
    """A cache that counts its look-ups."""

    @property
    def lookups(self) -> Lookups: ...


@runtime_checkable
class CountsAttempts(Protocol):
    """A job monitor that counts attempts by kind of job and outcome."""

    @property
    def attempts(self) -> Counter[tuple[str, ...]]: ...


def storage_metrics(storage: object) -> list[Metric]:
    if not isinstance(storage, HasPool):
        return []

    def connections() -> Samples:
        use = storage.pool_use
        return {("in_use",): use.in_use, ("idle",): use.idle}

    return [
        Metric("task_manager_database_connections", "Connections to the database.", connections, labels=("state",)),
        Metric(
            "task_manager_database_connections_max",
            "Connections that the pools may open.",
            lambda: {(): storage.pool_use.max_size},
        ),
    ]


def session_state_metrics(session_states: object) -> list[Metric]:
    if not isinstance(session_states, CountsLookups):
        return []
    return [
        _lookup_metric(
            "task_manager_standing_cache_requests", "Look-ups of session states, by cache hit or miss.", session_states
        )
    ]


def total_cache_metrics(totals: TotalCache) -> list[Metric]:
    name = "task_manager_totals_cache_requests"
    return [_lookup_metric(name, "Look-ups in the cache of totals of filtered task lists, by result.", totals)]


def job_metrics(monitor: object) -> list[Metric]:
    if not isinstance(monitor, CountsAttempts):
        return []
    return [
        Metric(
            "task_manager_job_attempts",
            "Finished attempts at jobs.",
            lambda: monitor.attempts,
            labels=("kind", "outcome"),
            is_counter=True,
        )
    ]


def job_gauges(jobs: JobService) -> StorageGauges:
    async def count() -> list[Samples]:
        counts = await jobs.counts()
        failed: dict[tuple[str, ...], float] = {}
        for kind, failures in counts.failures.items():
            failed |= {(kind, "retried"): failures.retried, (kind, "dead"): failures.dead}
        return [
            {("due",): counts.due, ("waiting",): counts.waiting, ("dead",): counts.dead},
            {(): counts.oldest_due.total_seconds()},
            failed,
        ]

    return StorageGauges(
        [
            Gauge("task_manager_jobs", "Jobs in the queue.", ("state",)),
            Gauge("task_manager_jobs_oldest_due_seconds", "How long the oldest due job waits for a worker."),
            Gauge("task_manager_jobs_failed", "Jobs whose last attempt failed.", ("kind", "state")),
        ],
        count,
    )


def dependency_gauges(health: HealthService) -> StorageGauges:
    async def check() -> list[Samples]:
        return [{(name,): result.status is Health.HEALTHY for name, result in (await health.check()).items()}]

    name = "task_manager_dependency_up"
    return StorageGauges([Gauge(name, "Whether a dependency works, as readiness sees it.", ("dependency",))], check)


def _lookup_metric(name: str, documentation: str, cache: CountsLookups) -> Metric:
    return Metric(
        name,
        documentation,
        lambda: {("hit",): cache.lookups.hits, ("miss",): cache.lookups.misses},
        labels=("result",),
        is_counter=True,
    )
