"""Tasks as somebody could have had them, the same again for the same seed."""

import random
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from domain.calendar import Due
from domain.identity.user import UserId
from domain.tasks.tag import Tag
from domain.tasks.task import Priority, Status, Task, TaskId

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
    "Does anybody still need this?", "Compare three prices.", "It has to be signed by both.", "Best in the morning.",
    "Last time it took two hours.", "Send a copy to the accountant.", "The number is on the back of the card.",
    "Half of it is done already.", "Mind the opening hours.", "Keep the receipt.",
)
TAGS: Final = tuple(map(Tag, (
    "work", "home", "errand", "phone", "computer", "finance", "family", "urgent", "waiting", "reading", "garden",
    "health", "travel", "ideas", "team", "customer",
)))
# fmt: on
WEIGHTS: Final = tuple(1 / (rank + 1) for rank in range(len(TAGS)))
"""A few tags are on many tasks, and many on few."""


def demo_task(seed: int, number: int, total: int, /, *, owner_id: UserId, now: datetime) -> tuple[Task, ...]:
    """Number `number` of the `of` that were made in the year before `now`, in all its versions, the latest last.

    The older a task is, the more likely somebody has dealt with it.
    """
    chance = random.Random(f"{seed} {number}")  # noqa: S311 - plausible, not secret
    created_at = _whole(now - YEAR + (number + chance.random()) / total * YEAR)
    title = f"{chance.choice(VERBS)} the {chance.choice(THINGS)} {chance.choice(ENDINGS)}"
    first = Task.create(
        id=_id(created_at, chance),
        owner_id=owner_id,
        at=created_at,
        title=title,
        description=" ".join(chance.sample(SENTENCES, chance.randint(1, 4))) if chance.random() < 0.6 else None,
        priority=chance.choices(tuple(Priority), (25, 50, 20, 5))[0],
        due=_due(created_at, chance),
        tags=tuple(chance.choices(TAGS, WEIGHTS, k=chance.choice((0, 1, 1, 2, 3)))),
    )
    age = now - created_at
    status = _status(age, chance)
    if status is Status.PENDING:
        return (first,)
    return first, first.edit(at=_whole(created_at + chance.random() ** 2 * age), status=status)


def _status(age: timedelta, chance: random.Random) -> Status:
    completed = min(85, 20 + age.days)
    rest = 100 - completed
    return chance.choices(tuple(Status), (0.6 * rest, 0.25 * rest, completed, 0.15 * rest))[0]


def _due(created_at: datetime, chance: random.Random) -> Due | None:
    day: date = created_at.date() + timedelta(days=int(chance.expovariate(1 / 14)))
    kind = chance.random()
    if kind < 0.4:
        return None
    if kind < 0.8:
        return Due(day)
    return Due(
        datetime(
            day.year, day.month, day.day, chance.randint(7, 19), chance.choice((0, 15, 30)), 0, 0, created_at.tzinfo
        )
    )


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _id(at: datetime, chance: random.Random) -> TaskId:
    """Version 7 (RFC 9562), of that time."""
    milliseconds = int(at.timestamp() * 1000)
    return TaskId(
        UUID(int=milliseconds << 80 | 7 << 76 | chance.getrandbits(12) << 64 | 2 << 62 | chance.getrandbits(62))
    )
