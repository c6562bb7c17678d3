"""Requests of operators and their responses, for the OpenAPI document."""

from typing import Final

from entrypoints.http.schemas.example import Example

GET_HEALTH: Final = Example(response={"status": "healthy"})
GET_READINESS: Final = Example(
    response={
        "status": "healthy",
        "version": "1.0.0",
        "checks": {
            "database": {"status": "healthy", "latency_ms": 0.41},
            "cache": {"status": "healthy", "latency_ms": 0.02},
            "storage": {"status": "healthy", "latency_ms": 0.18},
        },
        "jobs": {"due": 1, "waiting": 0, "dead": 0, "oldest_due_seconds": 0.2, "failures": {}},
    }
)
