from typing import Final

import structlog

MAX_LENGTH: Final = 300
"""Characters of a reason. Object stores respond with whole documents."""


class StructlogHealthMonitor:
    """Log a line when a dependency starts to fail, and when it works again."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("health")

    def dependency_failed(self, name: str, error: Exception) -> None:
        self._log.error("dependency_failed", dependency=name, reason=reason_of(error))

    def dependency_recovered(self, name: str) -> None:
        self._log.info("dependency_recovered", dependency=name)


def reason_of(error: BaseException) -> str:
    """Return the messages of an error and of its causes. The drivers put no passwords into them."""
    messages: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        if (message := " ".join(str(cause).split()) or type(cause).__name__) not in messages:
            messages.append(message)
        cause = cause.__cause__
    return ": ".join(messages)[:MAX_LENGTH]
