"""Hypothesis strategies for commands and queries. They rarely reject a drawn value."""

from datetime import UTC, date, datetime
from typing import Final, cast

from hypothesis import strategies as st

from application.tasks.tasks import CreateTask
from domain.calendar import Due
from domain.errors import InvalidTag
from domain.tasks.tag import Tag
from domain.tasks.task import TaskChanges
from domain.tasks.task_query import TaskFilter
from domain.versions import ANY_VERSION, VersionMatch
from tests.support import strategies
from tests.support.builders import tags


def tag_of(text: str) -> Tag:
    """Return a tag with this name, or a fixed tag if the name is invalid."""
    try:
        return Tag(text)
    except InvalidTag:
        return Tag("plain")


rarely: Final = st.sampled_from([False] * 7 + [True])
names: Final = st.sampled_from(["ann", "Ann", "ANN", "ben", "Ben", "carol"])
passwords: Final = st.sampled_from(["Correct-1-horse"] * 3 + ["Correct-2-horse", "weak"])
user_agents: Final = st.sampled_from([None, "", "Browser/1.0", "a" * 300, "\x00", "\u00e9\U0001f600"])
_some_versions: Final = st.none() | st.frozensets(st.integers(1, 3), max_size=2)
versions: Final = st.just(ANY_VERSION) | st.just(ANY_VERSION) | st.builds(VersionMatch, _some_versions, _some_versions)
titles: Final = strategies.phrases | strategies.storable_text.map("{}!".format)
common_tags: Final = st.sampled_from(tags("milk", "work", "stra\u00dfe", "100%"))
some_tags: Final = common_tags | st.sampled_from(tags(*strategies.WORDS)) | strategies.storable_text.map(tag_of)
common_dues: Final = st.sampled_from([Due(date(2026, 3, 4)), Due(datetime(2026, 3, 5, tzinfo=UTC))])
dues: Final = st.none() | common_dues | strategies.dues
filters: Final = (
    st.just(TaskFilter())
    | st.builds(TaskFilter, search=strategies.searches)
    | st.builds(TaskFilter, tags=st.frozensets(common_tags, max_size=1), completed=st.none() | st.booleans())
    | st.builds(TaskFilter, overdue=st.booleans(), due_after=st.none() | strategies.dates_and_datetimes)
    | strategies.task_filters
)
commands: Final = st.builds(
    CreateTask,
    title=titles,
    description=strategies.descriptions,
    status=st.none() | strategies.statuses,
    priority=strategies.priorities,
    due=dues,
    tags=st.lists(some_tags, max_size=4).map(tuple),
)
many_tags: Final = st.lists(some_tags, max_size=3) | st.lists(some_tags, min_size=18, max_size=21)
wrong_commands: Final = st.builds(
    CreateTask,
    title=st.sampled_from(["Fine", "", "\u200b", "x" * 256]),
    description=st.sampled_from([None, "x" * 2001]),
    status=strategies.statuses,
    completed=st.booleans(),
)
edits: Final = cast(
    "st.SearchStrategy[TaskChanges]",
    st.fixed_dictionaries(
        {},
        optional={
            "title": titles,
            "description": strategies.descriptions,
            "status": strategies.statuses,
            "completed": st.booleans(),
            "priority": strategies.priorities,
            "due": dues,
            "tags": st.lists(some_tags, max_size=21).map(tuple),
        },
    ),
)
