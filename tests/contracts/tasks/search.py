from datetime import UTC
from typing import Final

import pytest

from application.storage import Storage
from domain.tasks.task import Task
from domain.tasks.task_query import TaskFilter
from tests.contracts.given import StorageSuite, add, find, save
from tests.support.builders import NOW, a_task, tags

CASES: Final = [
    ("Buy milk", "MILK", True),
    ("Buy milk", "uy m", True),
    ("Buy milk", "uym", False),
    ("Buy milk", "milk buy", True),
    ("Buy milk", "milk bread", False),
    ("Buy milk", "y", True),
    ("Buy milk", "  milk\t\u3000buy\n", True),
    ("Buy milk", "milk milk", True),
    ("Buy\nmilk", "buy milk", True),
    ("100%", "0%", True),
    ("1000", "0%", False),
    ("%", "%", True),
    ("percent", "%", False),
    ("percent", "p%t", False),
    ("snake_case", "e_c", True),
    ("snake case", "e_c", False),
    ("snakescase", "e_c", False),
    ("x", "_", False),
    ("back\\slash", "k\\s", True),
    ("back\\slash", "\\\\", False),
    ("100\\%", "\\%", True),
    ("100%", "\\%", False),
    ("backslash", "\\", False),
    ("it's", "t's", True),
    ("its", "'", False),
    ('"quoted"', '"q', True),
    ("$1 :a @b ?", "$1 :a @b ?", True),
    ("[a]*", "[a", True),
    ("a", "[a]", False),
    ("Stra\u00dfe", "STRASSE", True),
    ("STRASSE", "stra\u00dfe", True),
    ("Stra\u00dfe", "\u1e9e", True),
    ("\u0130stanbul", "i\u0307stanbul", True),
    ("\u0130stanbul", "istanbul", False),
    ("\u0130STANBUL", "stanbul", True),
    ("\ufb01le", "FILE", True),
    ("FILE", "\ufb01", True),
    ("\uff37\uff4f\uff52\uff4b", "work", True),
    ("work", "\uff37\uff2f", True),
    ("\u30ab\u30bf\u30ab\u30ca", "\uff76\uff80", True),
    ("\u00e9clair", "E\u0301", True),
    ("E\u0301CLAIR", "\u00e9", True),
    ("\u00e9clair", "eclair", False),
    ("\u03a3\u0399\u03a3\u03a5\u03a6\u039f\u03a3", "\u03c3\u03b9\u03c3\u03c5\u03c6\u03bf\u03c2", True),
    ("\U00010400", "\U00010428", True),
    ("\u8cb7\u3044\u7269", "\u3044", True),
    ("\U0001f3f3\ufe0f\u200d\U0001f308", "\u200d\U0001f308", True),
    ("\u0390" * 255, "\u0390" * 66, True),
]
"""A title, a search, and whether the search finds the title."""


async def search(storage: Storage, text: str) -> list[Task]:
    return await find(storage, TaskFilter(search=text).to_criteria(NOW, UTC))


class SearchContract(StorageSuite):
    async def test_words_are_found_in_any_case_and_width(self, storage: Storage, subtests: pytest.Subtests) -> None:
        tasks = {title: a_task(title=title) for title, _, _ in CASES}
        await add(storage, *tasks.values())
        for title, text, is_found in CASES:
            with subtests.test(f"{text!a} in {title!a}"):
                assert (tasks[title] in await search(storage, text)) is is_found

    async def test_each_word_is_found_in_title_description_or_tags(self, storage: Storage) -> None:
        task = a_task(title="Stra\u00dfe 12", description="Fix the\nLAMP", tags=tags("errand", "\uff28ome office"))
        await add(storage, task, a_task(title="12"))

        for text in ("strasse lamp errand", "home lamp", "OFFICE", "fix 12 rra", "the"):
            assert await search(storage, text) == [task]
        for text in ("strasse lamp milk", "errands"):
            assert await search(storage, text) == []

    async def test_a_word_does_not_span_fields(self, storage: Storage) -> None:
        await add(
            storage,
            a_task(title="one", description="two", tags=tags("three", "zfour")),
            a_task(title="one", description=None, tags=tags("two")),
            a_task(title="one", description="", tags=tags("two")),
        )

        for text in ("onetwo", "twothree", "threezfour", "fourthree", "eo", "none", "null", "{three", '["three'):
            assert await search(storage, text) == []

    async def test_a_blank_search_finds_everything(self, storage: Storage) -> None:
        tasks = [a_task(), a_task(description="\u3000")]
        await add(storage, *tasks)

        for text in ("", " ", "\t\n\u3000\u2028"):
            assert await search(storage, text) == tasks

    async def test_an_edited_task_is_found_only_by_its_new_words(self, storage: Storage) -> None:
        task = a_task(title="Old title", description="old description", tags=tags("old tag"))
        await add(storage, task)
        changed = task.edit(at=NOW, title="New", description=None, tags=tags("fresh"))
        await save(storage, changed)

        assert await search(storage, "old") == []
        assert await search(storage, "new fresh") == [changed]

    async def test_many_long_words_are_all_required(self, storage: Storage) -> None:
        words = [f"w{n:02}" for n in range(50)]
        task = a_task(description=" ".join(words))
        await add(storage, task, a_task(description=" ".join(words[1:])))

        assert await search(storage, " ".join(words)[:199]) == [task]
