from collections import Counter

from application.jobs.ports import Job, JobMonitor, Outcome
from application.platform.metrics import Metric


class CountingJobMonitor:
    """Count the attempts at jobs and pass all events on to another monitor."""

    def __init__(self, next: JobMonitor) -> None:
        self._next = next
        self._attempts: Counter[tuple[str, ...]] = Counter()

    @property
    def metrics(self) -> list[Metric]:
        return [
            Metric(
                "task_manager_job_attempts",
                "Finished attempts at jobs.",
                lambda: self._attempts,
                labels=("kind", "outcome"),
                is_counter=True,
            )
        ]

    def attempt_finished(self, job: Job, outcome: Outcome, seconds: float, error: Exception | None) -> None:
        self._attempts[job.kind, outcome.value] += 1
        self._next.attempt_finished(job, outcome, seconds, error)

    def worker_error(self, error: Exception) -> None:
        self._next.worker_error(error)
