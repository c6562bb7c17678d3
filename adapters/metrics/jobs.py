from collections import Counter

from application.jobs.ports import Job, JobMonitor, Outcome
from application.platform.metrics import Meter


class CountingJobMonitor:
    """Counts attempts, and passes on what it is told."""

    def __init__(self, next: JobMonitor) -> None:
        self._next = next
        self._ended: Counter[tuple[str, ...]] = Counter()

    @property
    def meters(self) -> list[Meter]:
        return [
            Meter(
                "task_manager_job_attempts",
                "Attempts at jobs that came to an end.",
                lambda: self._ended,
                labels=("kind", "outcome"),
                is_count=True,
            )
        ]

    def ended(self, job: Job, outcome: Outcome, seconds: float, error: Exception | None) -> None:
        self._ended[job.kind, outcome.value] += 1
        self._next.ended(job, outcome, seconds, error)

    def stumbled(self, error: Exception) -> None:
        self._next.stumbled(error)
