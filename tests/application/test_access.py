import inspect
from dataclasses import fields
from typing import Any, get_type_hints

import pytest

from adapters.memory.storage import InMemoryStorage
from entrypoints.wiring.services import Services
from tests.contracts.platform.access import FOR_ANYONE, FOR_OPERATORS, USE_CASES, AccessContract


def public_methods(service: type) -> set[str]:
    return {name for name, member in inspect.getmembers(service, inspect.isfunction) if not name.startswith("_")}


def test_every_use_case_has_a_row() -> None:
    hints: dict[str, Any] = get_type_hints(Services)
    names = {field.name for field in fields(Services)}
    all_use_cases = {f"{name}.{method}" for name in names - FOR_OPERATORS for method in public_methods(hints[name])}

    assert names >= FOR_OPERATORS
    assert {name.partition(" ")[0] for name in USE_CASES} | FOR_ANYONE == all_use_cases
    for name in USE_CASES:
        service, _, method = name.partition(" ")[0].partition(".")
        parameters = list(inspect.signature(getattr(hints[service], method)).parameters)
        assert parameters[:2] == ["self", "actor"], name


class TestAccess(AccessContract):
    @pytest.fixture
    def storage(self) -> InMemoryStorage:
        return InMemoryStorage()
