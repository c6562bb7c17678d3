from application.storage import Storage
from domain.identity.user import UserId
from domain.tasks.tag import Tag, TagCount
from domain.tasks.task import Task
from tests.contracts.given import StorageSuite, add, remove, save
from tests.support.builders import ANN, BEN, NOW, a_task, tags


async def tag_counts(storage: Storage, only: Tag | None = None) -> dict[str, int]:
    async with storage.unit_of_work() as uow:
        counts = await uow.tasks.tag_counts(owner_id=ANN, only=only)
    assert all(isinstance(count, TagCount) for count in counts)
    return {count.tag.name: count.task_count for count in counts}


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

    async def test_a_single_tag_can_be_counted(self, storage: Storage) -> None:
        await add(storage, a_task(tags=tags("home", "work")), a_task(tags=tags("home")), a_task())

        assert await tag_counts(storage, only=Tag("home")) == {"home": 2}
        assert await tag_counts(storage, only=Tag("hom")) == {}

    async def test_counts_follow_edits_and_removals(self, storage: Storage) -> None:
        one, two = a_task(tags=tags("a", "b")), a_task(tags=tags("b", "c"))
        await add(storage, one, two)
        changed = one.edit(at=NOW, tags=tags("c", "d"))
        await save(storage, changed)
        assert await tag_counts(storage) == {"b": 1, "c": 2, "d": 1}
        assert await with_tag(storage, Tag("a")) == []

        await remove(storage, two)
        assert await tag_counts(storage) == {"c": 1, "d": 1}
        assert await tag_counts(storage, only=Tag("b")) == {}

        await remove(storage, changed)
        assert await tag_counts(storage) == {}

    async def test_tags_may_contain_characters_of_query_languages(self, storage: Storage) -> None:
        names = ["%", "_", "\\", "'", '"', "{}", "{a}", "[]", '["a"]', "null", "$1", ":a", "?", "a b", "a;b", "\u202e."]
        tasks = [a_task(tags=tags(name)) for name in names]
        await add(storage, *tasks)

        assert await tag_counts(storage) == dict.fromkeys(names, 1)
        for name, task in zip(names, tasks, strict=True):
            assert await with_tag(storage, Tag(name)) == [task]
            assert await tag_counts(storage, only=Tag(name)) == {name: 1}
