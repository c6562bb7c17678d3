from typing import Final, Protocol

EXPOSITION_MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class RequestMetrics(Protocol):
    """Metrics of requests. Recording one takes microseconds, never waits and never fails."""

    def request_started(self) -> None:
        """Count a request as in flight."""
        ...

    def request_finished(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Record a request.

        Args:
            method: One of a small set of names, because each value creates a new time series.
            route: The path template, or None if no route matched.
            status: The status code of the response.
            seconds: The time from the request line to the end of the response.
        """
        ...

    async def exposition(self) -> bytes:
        """Return the metrics of all processes of the service in the Prometheus text format 0.0.4."""
        ...
