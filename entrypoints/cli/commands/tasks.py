"""Tasks of one account, with the rights of its user."""

from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import typer

from domain.tasks.task import TaskChanges, TaskId
from domain.tasks.task_query import SortField, TaskFilter, TaskOrder
from entrypoints.cli.exits import exit_with_error
from entrypoints.cli.lists import AllOption, LimitOption, SortOrder, collect, describe_rest
from entrypoints.cli.options import clearable, with_options
from entrypoints.cli.setup import UserOption, run_as
from entrypoints.cli.terminal.output import JsonOption, print_item, print_items, print_json, print_note

if TYPE_CHECKING:
    from domain.tasks.task import Task

COLUMNS: Final = ("id", "title", "status", "due_date", "priority", "tags")

LIST_EXAMPLES: Final = """\b
Examples:
  task-manager tasks list --user ann --overdue --priority high
  task-manager tasks list --user ann --due-before 2027-01-01 --sort-by due_date
  task-manager tasks list --user ann --all | cut -f 1,2
  TASK_MANAGER_USER=ann task-manager tasks list --json"""

app = typer.Typer(no_args_is_help=True, help="List and change the tasks of an account.")

Clearable = Enum("Clearable", {name: name for name in clearable(TaskChanges)}, type=str)  # type: ignore[misc]
"""The fields that `edit --clear` removes."""

TaskIdArgument = Annotated[UUID, typer.Argument(metavar="TASK_ID", help="Id of the task.", show_default=False)]
TaskIdsArgument = Annotated[list[UUID], typer.Argument(metavar="TASK_ID...", help="Ids of tasks.", show_default=False)]


@app.command("list", epilog=LIST_EXAMPLES)
@with_options("filter", TaskFilter, TaskFilter)
def list_tasks(
    filter: TaskFilter,
    user: UserOption,
    sort_by: Annotated[SortField, typer.Option(help="Field to sort by.")] = SortField.CREATED_AT,
    sort_order: Annotated[SortOrder, typer.Option(help="Direction.")] = "desc",
    limit: LimitOption = 50,
    all_rows: AllOption = False,
    as_json: JsonOption = False,
) -> None:
    """List tasks that meet all conditions, the newest first."""
    from application.tasks.tasks import ListTasks
    from entrypoints.http.api.tasks.task_schemas import TaskPageView

    order = TaskOrder(sort_by, sort_order == "desc")
    page = run_as(
        user,
        lambda services, actor: collect(
            lambda paging: services.tasks.list(actor, ListTasks(filter=filter, order=order, paging=paging)),
            None if all_rows else limit,
        ),
    )
    view = TaskPageView.of(page)
    if as_json:
        print_json(view)
        return
    print_items(view.items, COLUMNS)
    if hint := describe_rest(page, "tasks"):
        print_note(hint)


@app.command(epilog='\b\nExample:\n  task-manager tasks add --user ann "Water plants" --due 2027-01-31 --tag home')
@with_options("fields", TaskChanges, dict)
def add(
    fields: dict[str, Any],
    title: Annotated[str, typer.Argument(metavar="TITLE", help="Title of the task.", show_default=False)],
    user: UserOption,
    as_json: JsonOption = False,
) -> None:
    """Add a task, and print it as `list` does."""
    from application.tasks.tasks import CreateTask

    command = CreateTask(**{**fields, "title": title})
    _print_task(run_as(user, lambda services, actor: services.tasks.create(actor, command)), as_json)


@app.command()
def show(task_id: TaskIdArgument, user: UserOption, as_json: JsonOption = False) -> None:
    """Show all fields of a task."""
    from entrypoints.http.api.tasks.task_schemas import TaskView

    view = TaskView.of(run_as(user, lambda services, actor: services.tasks.get(actor, TaskId(task_id))))
    print_json(view) if as_json else print_item(view)


@app.command(epilog="\b\nExample:\n  task-manager tasks edit --user ann TASK_ID --priority high --clear due")
@with_options("changes", TaskChanges, dict)
def edit(
    changes: dict[str, Any],
    task_id: TaskIdArgument,
    user: UserOption,
    clear: Annotated[
        list[Clearable],
        typer.Option(metavar=f"<{'|'.join(each.value for each in Clearable)}>", help="Repeatable: field to clear."),
    ] = [],  # noqa: B006 - not changed
    as_json: JsonOption = False,
) -> None:
    """Change the given fields of a task, and print it as `list` does."""
    changed: Any = {**changes, **{field.value: None for field in clear}}
    if not changed:
        exit_with_error("give at least one field to change. See task-manager tasks edit --help")
    _print_task(run_as(user, lambda services, actor: services.tasks.edit(actor, TaskId(task_id), **changed)), as_json)


@app.command()
def done(task_ids: TaskIdsArgument, user: UserOption) -> None:
    """Complete tasks. If one does not exist, none changes."""
    ids = [TaskId(task_id) for task_id in task_ids]
    run_as(user, lambda services, actor: services.task_batches.edit(actor, ids, completed=True))


@app.command()
def delete(task_ids: TaskIdsArgument, user: UserOption) -> None:
    """Delete tasks with their files. If one does not exist, none is deleted."""
    ids = [TaskId(task_id) for task_id in task_ids]
    run_as(user, lambda services, actor: services.task_batches.delete(actor, ids))


def _print_task(task: "Task", as_json: bool) -> None:
    from entrypoints.http.api.tasks.task_schemas import TaskView

    view = TaskView.of(task)
    print_json(view) if as_json else print_items([view], COLUMNS)
