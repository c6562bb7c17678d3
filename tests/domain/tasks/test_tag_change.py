from collections.abc import Iterable
from itertools import chain, combinations, product

import pytest

from domain.errors import TagNotFound
from domain.tasks.tag import Tag
from domain.tasks.tag_change import TagChange
from tests.support.builders import NOW, a_task, tags

A, B, C, D = ABCD = tags("a", "b", "c", "d")


def test_a_change_replaces_or_removes_one_tag_of_a_task() -> None:
    task = a_task(tags=(A, C))
    assert TagChange(A, B).apply(task, at=NOW) == task.edit(at=NOW, tags=(B, C))
    assert TagChange(A, C).apply(task, at=NOW) == task.edit(at=NOW, tags=(C,))
    assert TagChange(A, None).apply(task, at=NOW) == task.edit(at=NOW, tags=(C,))
    with pytest.raises(TagNotFound):
        TagChange(B, A).apply(task, at=NOW)


def after(task_tags: Iterable[Tag], *changes: TagChange) -> tuple[Tag, ...]:
    task = a_task(tags=tuple(task_tags))
    for change in changes:
        task = change.apply(task, at=NOW) if change.tag in task.tags else task
    return task.tags


def test_changes_of_which_none_depends_on_the_other_may_run_in_any_order() -> None:
    changes = [TagChange(tag, new) for tag, new in product(ABCD, (*ABCD, None)) if tag != new]
    subsets = list(chain.from_iterable(combinations(ABCD, size) for size in range(5)))
    for earlier, later in product(changes, repeat=2):
        if not later.depends_on(earlier):
            assert all(after(some, earlier, later) == after(some, later, earlier) for some in subsets)


def test_a_change_depends_on_an_earlier_one_that_moves_its_tag_or_makes_room_for_it() -> None:
    earlier = TagChange(A, B)
    depending = [TagChange(A, B), TagChange(A, C), TagChange(A, None), TagChange(B, C), TagChange(C, A)]
    independent = [TagChange(C, B), TagChange(C, D), TagChange(C, None)]
    assert [change for change in (*depending, *independent) if change.depends_on(earlier)] == depending
