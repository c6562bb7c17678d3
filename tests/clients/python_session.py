"""The session of the README, by a client that `openapi-python-client` generates. Argument: the URL of the service.

It runs in the environment of the generator, so it imports nothing of this project.
"""

import sys
from datetime import date, datetime, timedelta, timezone
from io import BytesIO

from generated.api.auth import log_in, register
from generated.api.files import upload_file
from generated.api.tasks import (
    add_tags,
    create_task,
    create_tasks,
    edit_task_by_patch,
    edit_tasks,
    get_statistics,
    list_history,
    list_tasks,
)
from generated.client import AuthenticatedClient, Client
from generated.models import (
    CreateTaskBody,
    CreateTasksBody,
    EditTaskBody,
    EditTasksBody,
    LoginBody,
    Priority,
    RegisterBody,
    Status,
    UploadFileBody,
)
from generated.types import File


def authenticate(url: str) -> AuthenticatedClient:
    """Register Ann, log in, and return a client for her."""
    anonymous = Client(base_url=url, raise_on_unexpected_status=True)
    account = RegisterBody(
        username="ann", email="ann@example.com", password="Correct-Horse-7", timezone="Europe/Berlin"
    )
    register.sync(client=anonymous, body=account)
    login = log_in.sync(client=anonymous, body=LoginBody(username="ann", password="Correct-Horse-7"))
    return AuthenticatedClient(base_url=url, token=login.access_token, raise_on_unexpected_status=True)


def complete_a_task(client: AuthenticatedClient) -> None:
    learn = CreateTaskBody(
        title="Learn SQLAlchemy", priority=Priority.HIGH, due_date=date(2025, 12, 1), tags=["Study", "python"]
    )
    created = create_task.sync(client=client, body=learn, idempotency_key="learn-1")
    assert created.status is Status.PENDING
    assert created.due_date == date(2025, 12, 1)
    assert create_task.sync(client=client, body=learn, idempotency_key="learn-1") == created
    important = list_tasks.sync(client=client, priority=[Priority.HIGH], completed=False)
    found = list_tasks.sync(client=client, search="sqlalchemy")
    assert important.items == found.items == [created]

    task = list_tasks.sync(client=client, overdue=True).items[0]
    tagged = add_tags.sync(task.id, client=client, body=["evening"])
    assert tagged.tags == ["evening", "python", "study"]
    later = datetime(2027, 1, 31, 18, tzinfo=timezone(timedelta(hours=1)))
    moved = edit_task_by_patch.sync(task.id, client=client, body=EditTaskBody(due_date=later), if_match='"2"')
    assert moved.due_date == later
    updates = EditTaskBody(completed=True, priority=Priority.LOW)
    done = edit_tasks.sync(client=client, body=EditTasksBody(task_ids=[task.id], updates=updates)).items[0]
    assert (done.status, done.priority) == (Status.COMPLETED, Priority.LOW)
    notes = File(payload=BytesIO(b"Twice a week.\n"), file_name="notes.txt")
    file = upload_file.sync(client=client, body=UploadFileBody(file=notes, task_id=task.id))
    assert (file.filename, file.size) == ("notes.txt", 14)
    assert list_history.sync(task.id, client=client).total == 4
    assert get_statistics.sync(client=client).completion_rate == 1.0


def read_all_pages(client: AuthenticatedClient) -> None:
    new = [CreateTaskBody(title=f"Task {number}") for number in range(49)]
    create_tasks.sync(client=client, body=CreateTasksBody(tasks=new))
    page = list_tasks.sync(client=client)
    titles = [task.title for task in page.items]
    while page.next_cursor is not None:
        page = list_tasks.sync(client=client, cursor=page.next_cursor)
        titles += [task.title for task in page.items]
    assert len(set(titles)) == len(titles) == 50


if __name__ == "__main__":
    ann = authenticate(sys.argv[1])
    complete_a_task(ann)
    read_all_pages(ann)
