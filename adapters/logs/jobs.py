import structlog

from application.jobs.ports import Job, Outcome


class StructlogJobMonitor:
    """One line an attempt. Of an error only its kind: texts of other servers may tell whom a mail is to."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("jobs")

    def ended(self, job: Job, outcome: Outcome, seconds: float, error: Exception | None) -> None:
        tell = self._log.info if outcome is Outcome.DONE else self._log.warning
        tell(
            "job",
            kind=job.kind,
            job_id=str(job.id),
            attempt=job.attempts,
            outcome=outcome.value,
            milliseconds=round(seconds * 1000, 2),
            error=type(error).__name__ if error else None,
        )

    def stumbled(self, error: Exception) -> None:
        self._log.error("worker_stumbled", exc_info=error)
