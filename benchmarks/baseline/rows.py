"""Table rows and JSON objects of the baseline server."""

import base64
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
EARLIEST, LATEST = -(2**63), 2**63 - 1

STATUSES: Final = ("pending", "in_progress", "completed", "cancelled")
PRIORITIES: Final = ("low", "medium", "high", "critical")
COMPLETED: Final = STATUSES.index("completed")

Row = Mapping[str, Any]


def new_row(owner_id: UUID, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with its columns in the order of the INSERT statement."""
    now = datetime.now(UTC)
    title, description = body["title"].strip(), body.get("description")
    status = STATUSES.index(body.get("status", "pending"))
    tags = sorted({tag.strip().casefold() for tag in body.get("tags", ())})
    due_day, due_at = parse_due(body.get("due_date"))
    due = datetime.combine(due_day, time.max, UTC) if due_day else due_at
    return {
        "id": uuid7(),
        "owner_id": owner_id,
        "title": title,
        "description": description,
        "status": status,
        "priority": PRIORITIES.index(body.get("priority", "medium")),
        "due_day": due_day,
        "due_at": due_at,
        "tags": tags,
        "created_at": now,
        "updated_at": now,
        "completed_at": now if status == COMPLETED else None,
        "version": 1,
        "title_key": title.casefold(),
        "due_ascending": (due - EPOCH) // MICROSECOND if due else LATEST,
        "due_descending": (due - EPOCH) // MICROSECOND if due else EARLIEST,
        "search_text": "\n".join((title.casefold(), (description or "").casefold(), *tags)),
    }


def parse_due(text: str | None) -> tuple[date | None, datetime | None]:
    if text is None:
        return None, None
    if len(text) == len("YYYY-MM-DD"):
        return date.fromisoformat(text), None
    return None, datetime.fromisoformat(text).astimezone(UTC)


def counter_changes(row: Row) -> list[tuple[UUID, str, str, int]]:
    """Return what the task adds to the counters, in key order: concurrent transactions then cannot deadlock."""
    owner_id, status, today = row["owner_id"], row["status"], row["created_at"].date().isoformat()
    changes = [("revision", "", 1), ("state", f"{status}{row['priority']}", 1), ("created", today, 1)]
    changes += [("tag", tag, 1) for tag in row["tags"]]
    if status < COMPLETED and row["due_day"]:
        changes.append(("open_due_day", row["due_day"].isoformat(), 1))
    if status < COMPLETED and row["due_at"]:
        changes.append(("open_due_instant", row["due_at"].date().isoformat(), 1))
    if status == COMPLETED:
        changes.append(("completed", today, 1))
    return [(owner_id, *change) for change in sorted(changes)]


def first_change(row: Row) -> tuple[object, ...]:
    """Return the first history entry of a task, with its columns in the order of the INSERT statement."""
    values = {
        "title": row["title"],
        "description": row["description"],
        "status": STATUSES[row["status"]],
        "priority": PRIORITIES[row["priority"]],
        "due_date": row["due_day"] or row["due_at"],
        "tags": row["tags"],
    }
    changes = orjson.dumps({name: [None, value] for name, value in values.items() if value}, option=orjson.OPT_UTC_Z)
    return row["owner_id"], row["id"], row["version"], uuid7(), row["owner_id"], row["created_at"], changes.decode()


def view(row: Row) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "owner_id": str(row["owner_id"]),
        "title": row["title"],
        "description": row["description"],
        "status": STATUSES[row["status"]],
        "completed": row["status"] == COMPLETED,
        "priority": PRIORITIES[row["priority"]],
        "due_date": row["due_day"] or row["due_at"],
        "tags": row["tags"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "completed_at": row["completed_at"],
        "version": row["version"],
    }


def cursor_after(row: Row) -> str:
    position = f"{(row['created_at'] - EPOCH) // MICROSECOND} {row['id'].hex}"
    return base64.urlsafe_b64encode(position.encode()).decode()
