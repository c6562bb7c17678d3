"""Rules: users manage tasks, in addition to the account and job rules."""

from dataclasses import replace
from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, consumes, initialize, multiple, rule

from application.platform.paging import Page, Paging
from application.tasks.tag_pages import ListTags, TagPage
from application.tasks.tasks import CreateTask, ListTasks
from domain.identity.actor import Actor
from domain.identity.user import Role
from domain.tasks.tag import Tag
from domain.tasks.task import Task, TaskChanges, TaskId
from domain.tasks.task_query import TaskFilter, TaskOrder
from domain.versions import VersionMatch
from tests.contracts.state_machine.job_rules import JobRules
from tests.contracts.state_machine.vocabulary import (
    commands,
    common_tags,
    edits,
    filters,
    many_tags,
    rarely,
    some_tags,
    versions,
    wrong_commands,
)
from tests.support import strategies
from tests.support.builders import new_task_id
from tests.support.user_strategies import zone_names
from tests.support.world import Refusal


class Known(NamedTuple):
    """A task that was created and may have been deleted."""

    owner: Actor
    id: TaskId


class ListRequest(NamedTuple):
    """A list request with a next page."""

    actor: Actor
    query: ListTasks


class StorageMachine(JobRules):
    tasks: Bundle[Known] = Bundle("tasks")
    lists: Bundle[ListRequest] = Bundle("lists")

    @initialize(
        target=tasks,
        zones=st.tuples(zone_names, zone_names),
        anns=st.lists(commands, min_size=1, max_size=8),
        bens=st.lists(commands, min_size=1, max_size=3),
    )
    def begin(self, zones: tuple[str, str], anns: list[CreateTask], bens: list[CreateTask]) -> MultipleResults[Known]:
        self.register("ann", "ann", zones[0], "Ann", Role.ADMIN)
        self.register("ben", "ben", zones[1], None, Role.USER)
        ann, ben = self.people
        return multiple(*self._created(ann, anns), *self._created(ben, bens))

    @rule(target=tasks, actor=JobRules.actors, batch=st.lists(commands, min_size=1, max_size=4))
    def create_several(self, actor: Actor, batch: list[CreateTask]) -> MultipleResults[Known]:
        return multiple(*self._created(actor, batch))

    @rule(target=tasks, actor=JobRules.actors, command=commands | wrong_commands)
    def create(self, actor: Actor, command: CreateTask) -> MultipleResults[Known]:
        answer = self.ask(lambda world: world.tasks.create(actor, command))
        return multiple(Known(actor, answer.id)) if isinstance(answer, Task) else multiple()

    @rule(actor=JobRules.actors, commands=st.lists(commands | wrong_commands, max_size=2))
    def create_several_invalid(self, actor: Actor, commands: list[CreateTask]) -> None:
        self.ask(lambda world: world.batches.create(actor, [*commands, CreateTask(title="")]))

    @rule(task=tasks, actor=JobRules.actors)
    def get(self, task: Known, actor: Actor) -> None:
        self.ask(lambda world: world.tasks.get(task.owner, task.id))
        self.ask(lambda world: world.tasks.get(actor, task.id))

    @rule(task=tasks, actor=JobRules.actors, paging=st.builds(Paging, limit=st.integers(1, 3), skip=st.integers(0, 2)))
    def list_history(self, task: Known, actor: Actor, paging: Paging) -> None:
        page = self.ask(lambda world: world.tasks.history(task.owner, task.id, paging))
        self.ask(lambda world: world.tasks.history(actor, task.id, owner_id=task.owner.user_id))
        if isinstance(page, Page) and page.next_cursor:
            rest = Paging(limit=100, cursor=page.next_cursor)
            self.ask(lambda world: world.tasks.history(task.owner, task.id, rest))

    @rule(task=tasks, changes=edits, versions=versions)
    def edit(self, task: Known, changes: TaskChanges, versions: VersionMatch) -> None:
        self.ask(lambda world: world.tasks.edit(task.owner, task.id, versions=versions, **changes))

    @rule(task=tasks, actor=JobRules.actors, changes=edits)
    def edit_as_any_user(self, task: Known, actor: Actor, changes: TaskChanges) -> None:
        self.ask(lambda world: world.tasks.edit(actor, task.id, **changes))

    @rule(
        actor=JobRules.actors,
        some=st.lists(tasks, max_size=5, unique=True),
        changes=edits,
        any_owner=rarely,
        unknown=rarely,
    )
    def edit_several(
        self, actor: Actor, some: list[Known], changes: TaskChanges, any_owner: bool, unknown: bool
    ) -> None:
        ids = _ids_of(some, actor, any_owner) + [new_task_id()] * unknown
        self.ask(lambda world: world.batches.edit(actor, ids, **changes))

    @rule(task=consumes(tasks), actor=JobRules.actors, versions=versions)
    def delete(self, task: Known, actor: Actor, versions: VersionMatch) -> None:
        self.ask(lambda world: world.tasks.delete(actor, task.id, versions=versions))
        self.ask(lambda world: world.tasks.delete(task.owner, task.id))

    @rule(actor=JobRules.actors, some=st.lists(tasks, max_size=3), any_owner=rarely)
    def delete_several(self, actor: Actor, some: list[Known], any_owner: bool) -> None:
        self.ask(lambda world: world.batches.delete(actor, _ids_of(some, actor, any_owner)))

    @rule(
        task=tasks,
        added=many_tags,
        versions=versions,
    )
    def add_tags(self, task: Known, added: list[Tag], versions: VersionMatch) -> None:
        self.ask(lambda world: world.tasks.add_tags(task.owner, task.id, tuple(added), versions=versions))

    @rule(task=tasks, tag=some_tags, versions=versions)
    def remove_tag(self, task: Known, tag: Tag, versions: VersionMatch) -> None:
        self.ask(lambda world: world.tasks.remove_tag(task.owner, task.id, tag, versions=versions))

    @rule(actor=JobRules.actors, tag=common_tags, new=some_tags)
    def rename_tag(self, actor: Actor, tag: Tag, new: Tag) -> None:
        self.ask(lambda world: world.tags.rename(actor, tag, new))

    @rule(actor=JobRules.actors, tag=common_tags)
    def delete_tag(self, actor: Actor, tag: Tag) -> None:
        self.ask(lambda world: world.tags.remove(actor, tag))

    @rule(reader=JobRules.actors, owner=JobRules.actors, task=tasks)
    def read_data_of_another_user(self, reader: Actor, owner: Actor, task: Known) -> None:
        owner_id = owner.user_id
        self.ask(lambda world: world.tasks.get(reader, task.id, owner_id=owner_id))
        self.ask(lambda world: world.tasks.list(reader, ListTasks(), owner_id=owner_id))
        self.ask(lambda world: world.tasks.statistics(reader, owner_id=owner_id))
        self.ask(lambda world: world.tags.list(reader, owner_id=owner_id))

    @rule(actor=JobRules.actors)
    def summarize(self, actor: Actor) -> None:
        self.ask(lambda world: world.tasks.statistics(actor))
        page = self.ask(lambda world: world.tags.list(actor, ListTags(limit=1)))
        cursor = page.next_cursor if isinstance(page, TagPage) else None
        self.ask(lambda world: world.tags.list(actor, ListTags(cursor=cursor)))

    @rule(
        target=lists,
        actor=JobRules.actors,
        several=st.lists(st.tuples(filters, strategies.task_orders), min_size=1, max_size=4),
        limit=st.integers(1, 3),
        skip=st.sampled_from([0, 0, 1, 4]),
    )
    def list_tasks(
        self, actor: Actor, several: list[tuple[TaskFilter, TaskOrder]], limit: int, skip: int
    ) -> MultipleResults[ListRequest]:
        paging = Paging(limit=limit, skip=skip)
        queries = [ListTasks(filter=filter, order=order, paging=paging) for filter, order in several]
        return multiple(*(request for query in queries for request in self._list(actor, query)))

    @rule(target=lists, request=lists)
    def next_page(self, request: ListRequest) -> MultipleResults[ListRequest]:
        return multiple(*self._list(*request))

    @rule(request=lists, order=strategies.task_orders)
    def next_page_in_another_order(self, request: ListRequest, order: TaskOrder) -> None:
        self._list(request.actor, replace(request.query, order=order))

    def teardown(self) -> None:
        for actor in self.people:
            self._list(actor, ListTasks(paging=Paging(limit=1000)))
            self.summarize(actor)
        super().teardown()

    def _created(self, actor: Actor, batch: list[CreateTask]) -> list[Known]:
        answer = self.ask(lambda world: world.batches.create(actor, batch))
        return [] if isinstance(answer, Refusal) else [Known(actor, task.id) for task in answer]

    def _list(self, actor: Actor, query: ListTasks) -> list[ListRequest]:
        """List one page. Return a request for the next page, if there is one."""
        answer = self.ask(lambda world: world.tasks.list(actor, query))
        if not isinstance(answer, Page) or answer.next_cursor is None:
            return []
        rest = Paging(limit=query.paging.limit, cursor=answer.next_cursor)
        return [ListRequest(actor, replace(query, paging=rest))]


def _ids_of(tasks: list[Known], actor: Actor, any_owner: bool) -> list[TaskId]:
    """Return the ids of the actor's tasks, or with `any_owner` of all tasks."""
    return [task.id for task in tasks if any_owner or task.owner.user_id == actor.user_id]
