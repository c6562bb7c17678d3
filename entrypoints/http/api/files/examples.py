"""Requests and responses of files, for the OpenAPI document."""

from typing import Any, Final

from entrypoints.http.schemas.example import Example

NOTES: Final[dict[str, Any]] = {
    "id": "01980c65-2e10-7c86-9d37-6f0a4b8e1c52",
    "task_id": "01980c61-0f30-7b58-94e1-7a2c8d5f3b46",
    "filename": "notes.txt",
    "content_type": "text/plain",
    "size": 14,
    "sha256": "5ae370d637f128026e548a7900f991b87a2a6a50457d391484615fb967605d5d",
    "created_at": "2025-11-28T09:50:00Z",
}

_NOTES: Final = {"file_id": NOTES["id"]}

LIST_FILES: Final = Example(
    parameters={"task_id": NOTES["task_id"]},
    response={
        "items": [NOTES],
        "total": 1,
        "total_capped": False,
        "skip": 0,
        "limit": 20,
        "next_cursor": None,
    },
)
UPLOAD_FILE: Final = Example(body={"file": "Twice a week.\n", "task_id": NOTES["task_id"]}, response=NOTES)
GET_FILE: Final = Example(parameters=_NOTES, response=NOTES)
GET_FILE_CONTENT: Final = Example(parameters=_NOTES)
DELETE_FILE: Final = Example(parameters=_NOTES)
