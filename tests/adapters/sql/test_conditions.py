from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import Dialect

from adapters.sql.engine.compiler import Compiler
from adapters.sql.identity.user_queries import USER_CONDITIONS
from adapters.sql.tasks.conditions import TASK_CONDITIONS
from adapters.sql.tasks.queries import Shape, parameters
from domain.filters import Condition, ContainsWords
from domain.tasks.status import Status
from domain.tasks.task import Priority, Task
from domain.tasks.task_query import TaskCriteria, TaskFilter, TaskOrder
from tests.adapters.sql.test_compiler import DIALECTS
from tests.architecture.sources import modules, named
from tests.support.builders import NOW, tags


@dataclass(frozen=True)
class Unregistered(Condition[Task]):
    def match(self, task: Task, /) -> bool:
        return False


def name_of(condition: type[Any]) -> str:
    return f"{condition.__module__}.{condition.__name__}"


def subclasses(condition: type[Any]) -> set[type[Any]]:
    return {condition}.union(*map(subclasses, condition.__subclasses__()))


def shape_of(criteria: TaskCriteria) -> Shape:
    return Shape.of(criteria, TaskOrder(), is_after=False, is_counted=True, tags_are_few=False)


def test_every_condition_of_the_domain_has_sql() -> None:
    for path in modules(["domain"]):
        import_module(named(path).removesuffix(".py").replace("/", "."))
    concrete = {name_of(each) for each in subclasses(Condition) if not each.__abstractmethods__}
    registered = {name_of(each) for each in TASK_CONDITIONS.classes | USER_CONDITIONS.classes}

    assert registered == {name for name in concrete if name.startswith("domain.")}


def test_a_condition_without_sql_is_refused() -> None:
    with pytest.raises(KeyError, match="Unregistered"):
        shape_of(TaskCriteria((Unregistered(),)))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_the_compiled_statement_depends_on_conditions_but_not_on_values(dialect: Dialect) -> None:
    filter = TaskFilter(
        statuses=frozenset({Status.PENDING}),
        priorities=frozenset({Priority.LOW}),
        tags=frozenset(tags("home")),
        completed=False,
        overdue=True,
        search="two words",
        created_after=NOW,
        created_before=NOW,
        due_after=NOW,
        due_before=NOW,
    )
    like = TaskFilter(
        statuses=frozenset({Status.PENDING, Status.CANCELLED}),
        priorities=frozenset({Priority.HIGH}),
        tags=frozenset(tags("home", "work")),
        completed=True,
        overdue=True,
        search="other words",
        created_after=NOW.date(),
        created_before=NOW.date(),
        due_after=NOW.date(),
        due_before=NOW.date(),
    )
    compile = Compiler(dialect).compile

    def statement(filter: TaskFilter) -> object:
        return compile(shape_of(filter.to_criteria(NOW + timedelta(days=filter is like), UTC)))

    assert statement(filter) is statement(like)
    for other in (replace(filter, search="word"), replace(filter, overdue=False), replace(filter, due_after=None)):
        assert statement(other) is not statement(filter)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_few_statements_serve_all_numbers_of_words(dialect: Dialect) -> None:
    compiler = Compiler(dialect)
    statements = set()
    for count in range(1, 101):
        criteria = TaskCriteria((ContainsWords(tuple(f"{n:02}" for n in range(count))),))
        statement = compiler.compile(shape_of(criteria))
        values = parameters(criteria, TaskOrder(), None, compiler.dialect)
        words = {str(value).strip("%") for name, value in values.items()}
        assert words == {f"{n:02}" for n in range(count)}
        assert values.keys() <= {name for name, _ in statement._binds}
        statements.add(statement)
    assert len(statements) == 8
