"""Requests and responses of tasks and tags, for the OpenAPI document."""

from typing import Any, Final

from entrypoints.http.schemas.example import Example

ANN_ID: Final = "01980c5e-3a40-7c1d-9f62-0b7d5e2a4c31"

LEARN: Final[dict[str, Any]] = {
    "id": "01980c61-0f30-7b58-94e1-7a2c8d5f3b46",
    "owner_id": ANN_ID,
    "title": "Learn SQLAlchemy",
    "description": "Complete the tutorial",
    "status": "pending",
    "completed": False,
    "priority": "high",
    "due_date": "2025-12-01",
    "tags": ["python", "study"],
    "created_at": "2025-11-28T09:35:00Z",
    "updated_at": "2025-11-28T09:35:00Z",
    "completed_at": None,
    "version": 1,
}
MILK: Final = LEARN | {
    "id": "01980c62-5a70-7e0c-8b36-1d4f9a7c2e58",
    "title": "Buy milk",
    "description": None,
    "priority": "medium",
    "due_date": None,
    "tags": [],
}
REPORT: Final = MILK | {
    "id": "01980c62-5a70-7f93-a2c7-5e8b0d6f4a19",
    "title": "Write a report",
    "due_date": "2025-11-30T16:00:00Z",
    "tags": ["office"],
}
CREATED: Final[dict[str, Any]] = {
    "id": "01980c61-0f30-7d21-b7f4-3c6e9a1d8b50",
    "action": "created",
    "actor_id": ANN_ID,
    "at": "2025-11-28T09:35:00Z",
    "changes": {
        "title": {"old": None, "new": "Learn SQLAlchemy"},
        "description": {"old": None, "new": "Complete the tutorial"},
        "status": {"old": None, "new": "pending"},
        "priority": {"old": None, "new": "high"},
        "due_date": {"old": None, "new": "2025-12-01"},
        "tags": {"old": None, "new": ["python", "study"]},
    },
}
COMPLETED: Final = CREATED | {
    "id": "01980c63-7d80-7a4e-8f15-9b2d6c0e3a71",
    "action": "updated",
    "at": "2025-11-28T09:40:00Z",
    "changes": {"status": {"old": "pending", "new": "completed"}, "priority": {"old": "high", "new": "low"}},
}

_PAGE: Final = {"total_capped": False, "skip": 0, "limit": 20, "next_cursor": None}
_COMPLETE: Final = {"completed": True, "priority": "low"}
_DONE: Final = {"status": "completed", "completed": True, "priority": "low", "completed_at": "2025-11-28T09:40:00Z"}
_LEARN: Final = {"task_id": LEARN["id"]}

LIST_TASKS: Final = Example(
    parameters={"priority": ["high"], "completed": False, "sort_by": "due_date", "sort_order": "asc"},
    response={"items": [LEARN], "total": 1, **_PAGE},
)
CREATE_TASK: Final = Example(
    body={
        "title": "Learn SQLAlchemy",
        "description": "Complete the tutorial",
        "priority": "high",
        "due_date": "2025-12-01",
        "tags": ["Study", "python"],
    },
    response=LEARN,
)
GET_STATISTICS: Final = Example(
    response={
        "total": 3,
        "completed": 1,
        "incomplete": 2,
        "overdue": 0,
        "due_today": 0,
        "due_this_week": 1,
        "completion_rate": 0.3333333333333333,
        "by_status": {"pending": 2, "in_progress": 0, "completed": 1, "cancelled": 0},
        "by_priority": {"low": 1, "medium": 2, "high": 0, "critical": 0},
        "by_tag": {"office": 1, "python": 1, "study": 1},
        "by_tag_capped": False,
        "created_last_7_days": 3,
        "completed_last_7_days": 1,
        "average_completion_seconds": 300.0,
    }
)
CREATE_TASKS: Final = Example(
    body={
        "tasks": [
            {"title": "Buy milk"},
            {"title": "Write a report", "due_date": "2025-11-30T17:00:00+01:00", "tags": ["office"]},
        ]
    },
    response={"items": [MILK, REPORT]},
)
EDIT_TASKS: Final = Example(
    body={"task_ids": [MILK["id"], REPORT["id"]], "updates": {"status": "in_progress"}},
    response={"items": [task | {"status": "in_progress", "version": 2} for task in (MILK, REPORT)]},
)
DELETE_TASKS: Final = Example(body={"task_ids": [MILK["id"], REPORT["id"]]})
GET_TASK: Final = Example(parameters=_LEARN, response=LEARN)
EDIT_TASK: Final = Example(parameters=_LEARN, body=_COMPLETE, response=LEARN | _DONE | {"version": 2})
DELETE_TASK: Final = Example(parameters=_LEARN)
LIST_HISTORY: Final = Example(parameters=_LEARN, response={"items": [COMPLETED, CREATED], "total": 2, **_PAGE})
ADD_TAGS: Final = Example(
    parameters=_LEARN, body=["evening"], response=LEARN | {"tags": ["evening", "python", "study"], "version": 2}
)
REMOVE_TAG: Final = Example(parameters=_LEARN | {"tag": "evening"}, response=LEARN | {"version": 3})

LIST_TAGS: Final = Example(
    parameters={"search": "st"}, response={"items": [{"name": "study", "task_count": 1}], "next_cursor": None}
)
RENAME_TAG: Final = Example(
    parameters={"tag": "study"}, body={"name": "Course"}, response={"name": "course", "task_count": 1}
)
REMOVE_TAG_EVERYWHERE: Final = Example(parameters={"tag": "office"})
