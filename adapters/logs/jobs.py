import structlog

from application.jobs.ports import Job, Outcome


class StructlogJobMonitor:
    """Log one line per attempt. Errors appear as class names, because replies of mail servers contain addresses."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("jobs")

    def attempt_finished(self, job: Job, outcome: Outcome, seconds: float, error: Exception | None) -> None:
        log = self._log.info if outcome in (Outcome.DONE, Outcome.WAITING) else self._log.warning
        log(
            "job",
            kind=job.kind,
            job_id=str(job.id),
            attempt=job.attempts,
            outcome=outcome.value,
            milliseconds=round(seconds * 1000, 2),
            error=type(error).__name__ if error else None,
        )

    def worker_error(self, error: Exception) -> None:
        self._log.error("worker_error", exc_info=error)
