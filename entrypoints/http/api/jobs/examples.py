"""A request for a job and its response, for the OpenAPI document."""

from typing import Final

from entrypoints.http.schemas.example import Example

_ID: Final = "01980c66-4b20-7e19-8c53-0d7f2a9b6e34"

GET_JOB: Final = Example(
    parameters={"job_id": _ID},
    response={
        "id": _ID,
        "kind": "change_tag",
        "state": "queued",
        "attempts": 0,
        "created_at": "2025-11-28T09:55:00Z",
        "run_at": "2025-11-28T09:55:00Z",
        "finished_at": None,
        "error": None,
    },
)
