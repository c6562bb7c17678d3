"""Tags, statistics and the export of one account."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.setup import UserOption, run_as
from entrypoints.cli.terminal.files import open_new
from entrypoints.cli.terminal.output import JsonOption, print_item, print_items, print_json
from entrypoints.cli.terminal.progress import counting

if TYPE_CHECKING:
    from application.tasks.tag_pages import TagPage
    from domain.identity.actor import Actor
    from domain.tasks.task import Task
    from entrypoints.wiring.services import Services


def tags(
    user: UserOption,
    search: Annotated[str, typer.Option(help="Part of the name.", show_default=False)] = "",
    as_json: JsonOption = False,
) -> None:
    """List the tags of an account by name, with their numbers of tasks."""
    from entrypoints.http.api.tasks.tag_schemas import TagPageView

    view = TagPageView.of(run_as(user, lambda services, actor: _all_tags(services, actor, search)))
    print_json(view) if as_json else print_items(view.items, ("name", "task_count"))


def stats(user: UserOption, as_json: JsonOption = False) -> None:
    """Show statistics of the tasks of an account."""
    from entrypoints.http.api.tasks.statistics_schemas import StatisticsView

    view = StatisticsView.of(run_as(user, lambda services, actor: services.tasks.statistics(actor)))
    print_json(view) if as_json else print_item(view)


def export(
    user: UserOption,
    file: Annotated[Path, typer.Argument(help="File to create; - means standard output.")] = Path("-"),
) -> None:
    """Export an account with its sessions, tasks, history and files as JSON.

    The document is that of `GET /users/me/export`. A file appears when it is complete.
    """
    with open_new(file) as write:
        run_as(user, lambda services, actor: _export(services, actor, write))


async def _all_tags(services: "Services", actor: "Actor", search: str) -> "TagPage":
    from application.tasks.tag_pages import ListTags, TagPage
    from domain.tasks.tag_query import TagFilter

    filter = TagFilter(search)
    page = await services.tags.list(actor, ListTags(filter=filter))
    items = list(page.items)
    while page.next_cursor is not None:
        page = await services.tags.list(actor, ListTags(filter=filter, cursor=page.next_cursor))
        items += page.items
    return TagPage(items, None)


async def _export(services: "Services", actor: "Actor", write: Callable[[bytes], object]) -> None:
    from entrypoints.http.api.identity.export import stream_export

    total = (await services.tasks.statistics(actor)).total
    with counting("exporting tasks", total) as report_progress:
        async with services.exports.export(actor) as exported:
            counted = replace(exported, tasks=_count(exported.tasks, report_progress))
            async for chunk in stream_export(counted):
                write(chunk)


async def _count(
    batches: "AsyncIterator[list[Task]]", report_progress: Callable[[int], None]
) -> "AsyncIterator[list[Task]]":
    done = 0
    async for batch in batches:
        yield batch
        done += len(batch)
        report_progress(done)
