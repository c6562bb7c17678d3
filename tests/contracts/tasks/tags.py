import asyncio
from collections.abc import Awaitable

from application.storage import Storage
from application.tasks.tasks import CreateTask
from domain.identity.user import UserId
from domain.tasks.counters import CounterKey, CounterKind
from domain.tasks.tag import MAX_DISTINCT_TAGS, Tag, TagCount
from domain.tasks.tag_query import TagFilter
from domain.tasks.task import Task
from tests.contracts.given import MANY, StorageSuite, add, remove, save
from tests.support.builders import ANN, BEN, NOW, a_task, acting, tags
from tests.support.stubs import SettableClock
from tests.support.world import World


async def tag_counts(storage: Storage, search: str = "", *, limit: int = MANY, after: str = "") -> dict[str, int]:
    async with storage.unit_of_work() as uow:
        counts = await uow.tasks.find_tags(TagFilter(search), owner_id=ANN, limit=limit, after=after)
    assert all(isinstance(count, TagCount) for count in counts)
    return {count.tag.name: count.task_count for count in counts}


async def count_of(storage: Storage, name: str) -> int:
    async with storage.unit_of_work() as uow:
        return await uow.tasks.count_tag(Tag(name), owner_id=ANN)


async def fill(storage: Storage, number: int) -> None:
    """Count a task for each of many tags of Ann."""
    async with storage.unit_of_work() as uow:
        await uow.counters.add({CounterKey(ANN, CounterKind.TAG, f"{n:05}"): 1 for n in range(number)})
        await uow.commit()


async def distinct_tags(storage: Storage, limit: int = MANY) -> int:
    async with storage.unit_of_work() as uow:
        return await uow.counters.count_tags(owner_id=ANN, limit=limit)


async def with_tag(
    storage: Storage, tag: Tag, limit: int = 99, owner_id: UserId = ANN, after: Task | None = None
) -> list[Task]:
    async with storage.unit_of_work() as uow:
        return await uow.tasks.with_tag(tag, owner_id=owner_id, limit=limit, after=after.id if after else None)


class TaggedTasksContract(StorageSuite):
    async def test_tasks_with_a_tag_are_returned_by_id_up_to_the_limit(self, storage: Storage) -> None:
        tasks = [a_task(tags=tags("home", "work")[: 1 + n % 2]) for n in range(6)]
        await add(storage, *tasks[::-1], a_task(owner_id=BEN, tags=tags("work")), a_task(tags=tags("wor", "works")))

        assert await with_tag(storage, Tag("work")) == tasks[1::2]
        assert await with_tag(storage, Tag("work"), limit=2) == tasks[1:4:2]
        assert await with_tag(storage, Tag("work"), limit=2, after=tasks[1]) == tasks[3:6:2]
        assert await with_tag(storage, Tag("work"), after=tasks[4]) == tasks[5:]
        assert await with_tag(storage, Tag("home"), after=tasks[5]) == []
        assert await with_tag(storage, Tag("home")) == tasks
        assert await with_tag(storage, Tag("unheard-of")) == []


class TagContract(TaggedTasksContract):
    async def test_tags_in_use_are_counted_in_code_point_order(self, storage: Storage) -> None:
        names = ["-", "1", "_", "a b", "ab", "b", "ss", "z", "\u00e9", "\uffee", "\U0001f600"]
        await add(storage, *(a_task(tags=tags(*names[n:])) for n in (5, 0, 9)), a_task(owner_id=BEN, tags=tags("ben")))

        counts = await tag_counts(storage)
        assert list(counts) == sorted(Tag(name).name for name in names)
        assert list(counts.values()) == sorted(counts.values()) == [1] * 5 + [2] * 4 + [3] * 2

    async def test_pages_of_tags_start_after_a_name(self, storage: Storage) -> None:
        names = ["-", "1", "ab", "b", "ss", "\u00e9", "\uffee", "\U0001f600"]
        await add(storage, a_task(tags=tags(*names)), a_task(owner_id=BEN, tags=tags("a", "c")))
        ordered = sorted(Tag(name).name for name in names)

        for limit in (1, 3):
            pages: list[str] = []
            page = await tag_counts(storage, limit=limit)
            while page:
                pages += page
                page = await tag_counts(storage, limit=limit, after=pages[-1])
            assert pages == ordered
        assert list(await tag_counts(storage, after="aa")) == [name for name in ordered if name > "aa"]

    async def test_a_search_finds_a_part_of_the_name_in_any_case_and_width(self, storage: Storage) -> None:
        await add(storage, a_task(tags=tags("work", "homework", "my work", "wo rk", "stra\u00dfe", "row")))

        for search in ("work", " WORK ", "\uff37ork"):
            assert list(await tag_counts(storage, search)) == ["homework", "my work", "work"]
        assert list(await tag_counts(storage, "y w")) == ["my work"]
        assert list(await tag_counts(storage, "STRASSE")) == ["strasse"]
        assert list(await tag_counts(storage, "wo", limit=2, after="my work")) == ["wo rk", "work"]
        assert len(await tag_counts(storage, " \u3000")) == 6
        assert await tag_counts(storage, "rowing") == {}

    async def test_a_single_tag_can_be_counted(self, storage: Storage) -> None:
        await add(storage, a_task(tags=tags("home", "work")), a_task(tags=tags("home")), a_task())

        assert await count_of(storage, "home") == 2
        assert await count_of(storage, "hom") == 0

    async def test_counts_follow_edits_and_removals(self, storage: Storage) -> None:
        one, two = a_task(tags=tags("a", "b")), a_task(tags=tags("b", "c"))
        await add(storage, one, two)
        changed = one.edit(at=NOW, tags=tags("c", "d"))
        await save(storage, changed)
        assert await tag_counts(storage) == {"b": 1, "c": 2, "d": 1}
        assert await with_tag(storage, Tag("a")) == []

        await remove(storage, two)
        assert await tag_counts(storage) == {"c": 1, "d": 1}
        assert await count_of(storage, "b") == 0

        await remove(storage, changed)
        assert await tag_counts(storage) == {}

    async def test_tags_may_contain_characters_of_query_languages(self, storage: Storage) -> None:
        names = ["%", "_", "\\", "'", '"', "{}", "{a}", "[]", '["a"]', "null", "$1", ":a", "?", "a b", "a;b", "\u202e."]
        tasks = [a_task(tags=tags(name)) for name in names]
        await add(storage, *tasks)

        assert await tag_counts(storage) == dict.fromkeys(names, 1)
        for name, task in zip(names, tasks, strict=True):
            assert await with_tag(storage, Tag(name)) == [task]
            assert await count_of(storage, name) == 1
            assert set(await tag_counts(storage, name)) == {other for other in names if name in other}

    async def test_changed_counters_return_their_amounts(self, storage: Storage) -> None:
        one, two, bens = (
            CounterKey(owner, CounterKind.TAG, key) for owner, key in ((ANN, "1"), (ANN, "2"), (BEN, "1"))
        )
        async with storage.unit_of_work() as uow:
            assert await uow.counters.add({}) == {}
            assert await uow.counters.add({two: 2, one: 1, bens: 7}) == {one: 1, two: 2, bens: 7}
            assert await uow.counters.add({one: -1, two: 3}) == {one: 0, two: 5}
            assert await uow.counters.add({one: 4}) == {one: 4}
            assert await uow.counters.count_tags(owner_id=ANN, limit=9) == 2
            await uow.commit()

        assert await distinct_tags(storage) == 2
        assert await distinct_tags(storage, limit=1) == 1

    async def test_concurrent_writers_do_not_exceed_the_limit_of_different_tags(self, storage: Storage) -> None:
        await fill(storage, MAX_DISTINCT_TAGS - 2)
        world = World(storage, SettableClock())

        def create(name: str) -> Awaitable[Task]:
            return world.tasks.create(acting(ANN), CreateTask(title=name, tags=tags(name, "00000")))

        outcomes = await asyncio.gather(*(create(f"new {n}") for n in range(6)), return_exceptions=True)

        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["LimitReached"] * 4 + ["Task"] * 2
        assert await distinct_tags(storage) == MAX_DISTINCT_TAGS
