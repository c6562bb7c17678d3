"""The ledger of the operations benchmark finds each kind of lost or wrong write."""

import pytest

from benchmarks.operation.ledger import Ledger, Stored

FIRST, SECOND, THIRD = (Stored(version, f"content {version}") for version in (1, 2, 3))


@pytest.fixture
def ledger() -> Ledger:
    """A ledger of one task whose first edit was acknowledged, and whose second edit got no response."""
    ledger = Ledger()
    ledger.created("task", FIRST)
    ledger.edit_sent("task")
    ledger.edited("task", SECOND)
    ledger.edit_sent("task")
    return ledger


@pytest.mark.parametrize("stored", [SECOND, THIRD])
def test_an_acknowledged_version_or_a_later_one_that_was_sent_is_right(ledger: Ledger, stored: Stored) -> None:
    assert ledger.problems({"task": stored}) == []


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        ({}, "task: is lost"),
        ({"task": FIRST}, "task: version 2 is lost: version 1 is stored"),
        ({"task": Stored(2, "other")}, "task: version 2 has another content"),
        ({"task": Stored(4, "content 4")}, "task: version 4 is stored after 3 writes"),
        ({"task": SECOND, "other": FIRST}, "1 unknown ones, but only 0 creations without a response"),
    ],
)
def test_other_states_are_problems(ledger: Ledger, stored: dict[str, Stored], problem: str) -> None:
    assert ledger.problems(stored) == [problem]


def test_writes_without_a_response_may_be_stored_or_not(ledger: Ledger) -> None:
    ledger.creation_failed()
    ledger.removal_sent("task")

    assert ledger.problems({}) == ledger.problems({"task": SECOND, "other": FIRST}) == []


def test_a_removed_task_must_not_be_stored(ledger: Ledger) -> None:
    ledger.removal_sent("task")
    ledger.removed("task")

    assert ledger.problems({}) == []
    assert ledger.problems({"task": SECOND}) == ["task: is removed, but stored"]


def test_writes_after_a_copy_of_the_ledger_may_be_stored_or_not(ledger: Ledger) -> None:
    earlier = ledger.copy()
    ledger.edited("task", THIRD)
    ledger.created("later", FIRST)
    ledger.removal_sent("task")
    ledger.removed("task")

    assert ledger.problems({}, earlier) == ledger.problems({"task": THIRD, "later": FIRST}, earlier) == []
    assert ledger.problems({"task": FIRST}, earlier) == ["task: version 2 is lost: version 1 is stored"]
