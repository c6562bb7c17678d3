"""Each step of the guide for production that changes the key keeps the tokens of all instances valid."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from dependency_injector import providers

from entrypoints.wiring.container import Container
from tests.contracts.identity.access_tokens import CLAIMS
from tests.documentation.production_guide import rotation_steps
from tests.entrypoints.given import load_settings


@pytest.fixture
def instances(monkeypatch: pytest.MonkeyPatch) -> list[Container]:
    """An instance with the settings of each step."""
    containers = []
    for step in rotation_steps():
        with monkeypatch.context() as environment:
            for name, value in step.items():
                environment.setenv(name, value)
            settings = load_settings(_env_file=None, storage="memory")
        containers.append(Container(settings=providers.Object(settings)))
    return containers


def test_instances_before_and_after_a_step_accept_the_tokens_of_each_other(instances: list[Container]) -> None:
    now = datetime.now(UTC)

    assert len(instances) == 4
    for before, after in pairwise(container.tokens() for container in instances):
        assert before.verify(after.issue(CLAIMS, now).text, now) == CLAIMS
        assert after.verify(before.issue(CLAIMS, now).text, now) == CLAIMS


def test_the_last_step_accepts_only_the_new_key(instances: list[Container]) -> None:
    assert [set(container.settings().signing_keys.values()) for container in (instances[0], instances[-1])] == [
        {"old-key-of-more-than-32-characters"},
        {"new-key-of-more-than-32-characters"},
    ]
