from itertools import product
from typing import Any

import jsonschema_rs
import pytest

from domain.errors import InvalidValue
from domain.tasks.status import Status, check_completion
from entrypoints.http.api.tasks.task_schemas import COMPLETION_SCHEMA


def is_consistent(status: Status | None, completed: bool | None) -> bool:
    try:
        check_completion(status, completed)
    except InvalidValue:
        return False
    return True


@pytest.mark.parametrize(("status", "completed"), list(product([None, *Status], [None, True, False])))
def test_the_completion_schema_accepts_what_the_domain_accepts(status: Status | None, completed: bool | None) -> None:
    fields = {"status": status and status.value, "completed": completed}
    body: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}

    assert jsonschema_rs.is_valid(COMPLETION_SCHEMA, body) is is_consistent(status, completed)
