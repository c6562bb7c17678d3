from collections import Counter

from application.jobs.ports import Job, JobMonitor, Outcome


class CountingJobMonitor:
    """Count the attempts at jobs and pass all events on to another monitor."""

    def __init__(self, next: JobMonitor) -> None:
        self._next = next
        self.attempts: Counter[tuple[str, ...]] = Counter()
        """Numbers of attempts by kind of job and outcome."""

    def attempt_finished(self, job: Job, outcome: Outcome, seconds: float, error: Exception | None) -> None:
        self.attempts[job.kind, outcome.value] += 1
        self._next.attempt_finished(job, outcome, seconds, error)

    def worker_error(self, error: Exception) -> None:
        self._next.worker_error(error)
