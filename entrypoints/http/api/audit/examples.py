"""Requests and responses of security events, for the OpenAPI document."""

from typing import Final

from entrypoints.http.schemas.example import Example

LIST_AUDIT_EVENTS: Final = Example(
    parameters={"event": "role_changed", "since": "2025-11-01"},
    response={
        "items": [
            {
                "id": "01980c61-7d20-7a4e-9c11-2f5b8e6a4d07",
                "at": "2025-11-28T10:05:00Z",
                "level": "info",
                "event": "role_changed",
                "actor_id": "01980c5d-1b30-7f2a-8d45-9e0c7b3a6f18",
                "user_id": "01980c60-91b8-7e44-8a05-6c3f1d9e7b20",
                "source": "request",
                "correlation_id": "01980c61-7d1e-7b93-a2f4-5c8d0e7f1a36",
                "request_id": "01980c61-7d1e-7b93-a2f4-5c8d0e7f1a36",
                "ip_address": "203.0.113.7",
                "details": {"old": {"role": "user"}, "new": {"role": "manager"}},
            }
        ],
        "total": 1,
        "total_capped": False,
        "skip": 0,
        "limit": 20,
        "next_cursor": None,
    },
)
