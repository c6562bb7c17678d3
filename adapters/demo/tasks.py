"""Invent plausible demo tasks. The same seed always gives the same tasks."""

import random
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from domain.calendar import Due
from domain.identity.user import UserId
from domain.tasks.status import Status
from domain.tasks.tag import Tag
from domain.tasks.task import Priority, Task, TaskId

YEAR: Final = timedelta(days=365)

# fmt: off
VERBS: Final = (
    "Write", "Review", "Prepare", "Plan", "Order", "Clean", "Repair", "Book", "Check", "Read", "Pay", "Sign",
    "Call about", "Draft", "Update", "Cancel", "Renew", "Translate", "Test", "Print", "Pick up", "Return", "Compare",
)
THINGS: Final = (
    "report", "invoice", "contract", "tickets", "budget", "backup", "slides", "insurance", "newsletter", "kitchen",
    "garden", "bicycle", "heating", "tax return", "server", "release notes", "passport", "shopping list", "survey",
    "doctor's appointment", "meeting room", "holiday photos", "lease", "project plan", "keys", "warranty",
)
ENDINGS: Final = (
    "", "", "", "for the team", "for Anna", "for the customer", "before the holidays", "with Ben", "for next quarter",
    "at home", "for the school", "for the auditors", "once more", "for the new office",
)
SENTENCES: Final = (
    "See the notes of the last meeting.", "Ask for an offer first.", "The old one is on the shared drive.",
    "Does the team still need this?", "Compare three prices.", "It has to be signed by both.", "Best in the morning.",
    "Last time it took two hours.", "Send a copy to the accountant.", "The number is on the back of the card.",
    "Half of it is done already.", "Mind the opening hours.", "Keep the receipt.",
)
TAGS: Final = tuple(map(Tag, (
    "work", "home", "errand", "phone", "computer", "finance", "family", "urgent", "waiting", "reading", "garden",
    "health", "travel", "ideas", "team", "customer",
)))
# fmt: on
WEIGHTS: Final = tuple(1 / (rank + 1) for rank in range(len(TAGS)))
"""The first tags are on many tasks, the last ones on few (Zipf's law)."""


def demo_task(seed: int, number: int, total: int, /, *, owner_id: UserId, now: datetime) -> tuple[Task, ...]:
    """Return all versions of demo task `number` of `total`, oldest first.

    The tasks are spread over the year before `now`. The older a task is, the more likely it is completed.
    """
    rng = random.Random(f"{seed} {number}")  # noqa: S311 - plausible, not for secrets
    created_at = _truncate_to_milliseconds(now - YEAR + (number + rng.random()) / total * YEAR)
    title = f"{rng.choice(VERBS)} the {rng.choice(THINGS)} {rng.choice(ENDINGS)}"
    first = Task.create(
        id=_uuid7(created_at, rng),
        owner_id=owner_id,
        at=created_at,
        title=title,
        description=" ".join(rng.sample(SENTENCES, rng.randint(1, 4))) if rng.random() < 0.6 else None,
        priority=rng.choices(tuple(Priority), (25, 50, 20, 5))[0],
        due=_due(created_at, rng),
        tags=tuple(rng.choices(TAGS, WEIGHTS, k=rng.choice((0, 1, 1, 2, 3)))),
    )
    age = now - created_at
    status = _status(age, rng)
    if status is Status.PENDING:
        return (first,)
    return first, first.edit(at=_truncate_to_milliseconds(created_at + rng.random() ** 2 * age), status=status)


def _status(age: timedelta, rng: random.Random) -> Status:
    completed = min(85, 20 + age.days)
    rest = 100 - completed
    return rng.choices(tuple(Status), (0.6 * rest, 0.25 * rest, completed, 0.15 * rest))[0]


def _due(created_at: datetime, rng: random.Random) -> Due | None:
    day: date = created_at.date() + timedelta(days=int(rng.expovariate(1 / 14)))
    kind = rng.random()
    if kind < 0.4:
        return None
    if kind < 0.8:
        return Due(day)
    return Due(
        datetime(day.year, day.month, day.day, rng.randint(7, 19), rng.choice((0, 15, 30)), 0, 0, created_at.tzinfo)
    )


def _truncate_to_milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _uuid7(at: datetime, rng: random.Random) -> TaskId:
    """Return a UUID of version 7 (RFC 9562) with the timestamp `at`."""
    milliseconds = int(at.timestamp() * 1000)
    return TaskId(UUID(int=milliseconds << 80 | 7 << 76 | rng.getrandbits(12) << 64 | 2 << 62 | rng.getrandbits(62)))
