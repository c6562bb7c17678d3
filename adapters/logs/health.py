import structlog

from application.operations.health import reason_of


class StructlogHealthMonitor:
    """Log a line when a dependency starts to fail, and when it works again."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("health")

    def dependency_failed(self, name: str, error: Exception) -> None:
        self._log.error("dependency_failed", dependency=name, reason=reason_of(error))

    def dependency_recovered(self, name: str) -> None:
        self._log.info("dependency_recovered", dependency=name)
