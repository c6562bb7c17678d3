"""A request for security events and its response, for the OpenAPI document."""

from typing import Final

from entrypoints.http.schemas.example import Example

_ANN_ID: Final = "01980c5e-3a40-7c1d-9f62-0b7d5e2a4c31"
_REQUEST_ID: Final = "01980c5e-3a3f-7e02-8c45-9d1b6f4a7e23"

LIST_AUDIT_EVENTS: Final = Example(
    parameters={"user_id": _ANN_ID, "event": "user_registered", "since": "2025-11-28"},
    response={
        "items": [
            {
                "id": "01980c5e-3a41-7a6b-b3d8-5c0e2f9a1d64",
                "at": "2025-11-28T09:30:00Z",
                "level": "info",
                "event": "user_registered",
                "actor_id": None,
                "user_id": _ANN_ID,
                "source": "request",
                "correlation_id": _REQUEST_ID,
                "request_id": _REQUEST_ID,
                "ip_address": "203.0.113.7",
                "details": {"role": "user", "new": {"role": "user", "is_active": True, "timezone": "Europe/Berlin"}},
            }
        ],
        "total": 1,
        "total_capped": False,
        "skip": 0,
        "limit": 20,
        "next_cursor": None,
    },
)
