"""Rules: users manage files, in addition to everything else."""

from typing import Final, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, consumes, multiple, rule

from application.files.files import ListFiles
from application.platform.paging import Page, Paging
from domain.files.file import File, FileFilter, FileId
from domain.identity.actor import Actor
from tests.contracts.state_machine.account_rules import AccountRules
from tests.contracts.state_machine.state_machine import Known, StorageMachine
from tests.contracts.state_machine.vocabulary import rarely
from tests.support.contents import Sent

FILENAMES: Final = st.sampled_from(["notes.txt", "a/b\\\u00fc.TXT", "x" * 251 + ".txt", "notes.exe", ""])


class KnownFile(NamedTuple):
    """A file that was uploaded and may have been deleted."""

    owner: Actor
    id: FileId


class FileRules(StorageMachine):
    files: Bundle[KnownFile] = Bundle("files")

    @rule(
        target=files,
        actor=AccountRules.actors,
        task=st.none() | StorageMachine.tasks,
        any_owner=rarely,
        has_task_id_last=st.booleans(),
        filename=FILENAMES,
        size=st.sampled_from([1, 100, 400, 0]),
    )
    def upload(
        self, actor: Actor, task: Known | None, any_owner: bool, has_task_id_last: bool, filename: str, size: int
    ) -> MultipleResults[KnownFile]:
        owner = actor if task is None or any_owner else task.owner
        task_id, content = (None if task is None else task.id), b"x" * size

        def incoming() -> Sent:
            if has_task_id_last:
                return Sent(filename, content, belongs_to=task_id)
            return Sent(filename, content, task_id=task_id)

        answer = self.ask(lambda world: world.files.upload(owner, incoming()))
        self._count(owner)
        return multiple(KnownFile(owner, answer.id)) if isinstance(answer, File) else multiple()

    @rule(file=files, actor=AccountRules.actors)
    def get_file(self, file: KnownFile, actor: Actor) -> None:
        self.ask(lambda world: world.files.get(file.owner, file.id))
        self.ask(lambda world: world.files.get(actor, file.id, owner_id=file.owner.user_id))

    @rule(file=consumes(files), actor=AccountRules.actors)
    def delete_file(self, file: KnownFile, actor: Actor) -> None:
        self.ask(lambda world: world.files.delete(actor, file.id))
        self.ask(lambda world: world.files.delete(file.owner, file.id))

    @rule(actor=AccountRules.actors, task=st.none() | StorageMachine.tasks, limit=st.integers(1, 3))
    def list_files(self, actor: Actor, task: Known | None, limit: int) -> None:
        filter, paging = FileFilter(None if task is None else task.id), Paging(limit=limit)
        while True:
            query = ListFiles(filter=filter, paging=paging)
            page = self.ask(lambda world: world.files.list(actor, query))  # noqa: B023 - called immediately
            if not isinstance(page, Page) or page.next_cursor is None:
                break
            paging = Paging(limit=limit, cursor=page.next_cursor)

    def teardown(self) -> None:
        for actor in self.people:
            self._count(actor)
        super().teardown()

    def _count(self, actor: Actor) -> None:
        everything = ListFiles(paging=Paging(limit=100))
        self.ask(lambda world: world.files.list(actor, everything))
