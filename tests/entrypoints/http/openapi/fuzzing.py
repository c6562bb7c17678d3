"""Requests that the OpenAPI document allows, others that it forbids, and sequences of both, sent to the service in
this process; each answer is held against the document."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from typing import Any, Final

import hypothesis
import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.python.asgi import get_client

from tests.entrypoints.http.openapi.hints import Examples, is_beyond_schemas, register_formats, with_hints

PHASES: Final = frozenset({"examples", "coverage", "fuzzing", "stateful"})

CHECKS: Final = frozenset(
    {
        "allow_header_conformance",
        "content_type_conformance",
        "ensure_resource_availability",
        "ignored_auth",
        "missing_required_header",
        "negative_data_rejection",
        "not_a_server_error",
        "object_level_authorization",
        "positive_data_acceptance",
        "response_headers_conformance",
        "response_schema_conformance",
        "status_code_conformance",
        "unsupported_method",
        "use_after_free",
    }
)

STATE_DECIDES: Final = ["2xx", "304", "401", "403", "404", "409", "412", "416"]
"""Statuses of requests that the document allows; all else that it allows is refused for nothing."""

EXAMPLES_PER_OPERATION: Final = 10
"""Of each hundred that hypothesis is told to make."""


@dataclass
class Findings:
    seed: int
    phases: set[str] = field(default_factory=set)
    checks: set[str] = field(default_factory=set)
    failures: dict[str, str] = field(default_factory=dict)
    """By what is wrong, the first way to bring it about."""
    statuses: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Of each operation, also when it was called with another's method."""

    def __str__(self) -> str:
        told = [f"{what}\n{how}" for what, how in sorted(self.failures.items())]
        return "\n\n".join([*told, f"seed {self.seed}"])


def explore(
    app: Any, users: dict[str, str], examples: Examples, scratch: Path, *, leave_out: Collection[str] = ()
) -> Findings:
    """In the name of the first of these users, by their tokens; none of them may see what is another's.

    The operations with the ids to be left out are not called: they end what the others need.
    """
    register_formats()
    with get_client(app) as client:
        document = client.get("/openapi.json").json()
    seed = 0 if hypothesis.settings().derandomize else SystemRandom().getrandbits(32)
    config = _config(seed, users, scratch)
    schema = schemathesis.openapi.from_dict(with_hints(document, examples), config=config)
    schema.app = app
    if leave_out:
        schema = schema.exclude(operation_id=sorted(leave_out))  # type: ignore[assignment]

    @schema.hook
    def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
        return not is_beyond_schemas(failure, case, response)

    findings = Findings(seed)
    for event in engine.from_schema(schema).execute():
        _record(event, findings)
    return findings


def _config(seed: int, users: dict[str, str], scratch: Path) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "continue-on-failure": True,
            "suppress-health-check": ["all"],
            "cache": {"enabled": False},
            "auth": {"auto-signup": False, **(_identities(users, scratch) if users else {})},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": STATE_DECIDES},
                "negative_data_rejection": {"expected-statuses": ["4xx"]},
            },
            "generation": {
                "max-examples": hypothesis.settings().max_examples * EXAMPLES_PER_OPERATION // 100,
                "deterministic": True,
                "database": "none",
            },
        }
    )


def _identities(users: dict[str, str], scratch: Path) -> dict[str, Any]:
    """In the format of Web Fuzzing Commons."""
    path = scratch / "users.json"
    entries = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}]}
        for name, token in users.items()
    ]
    path.write_text(json.dumps({"auth": entries}))
    return {"wfc": {"path": str(path), "user": next(iter(users)), "peers": list(users)}}


def _record(event: events.EngineEvent, findings: Findings) -> None:
    match event:
        case events.PhaseFinished(phase=phase) if phase.is_enabled:
            findings.phases.add(phase.name.value)
        case events.NonFatalError(label=label, info=info):
            findings.failures[f"{label}: {info.title}"] = str(info)
        case events.FatalError(exception=error):
            raise error
        case events.ScenarioFinished(recorder=recorder):
            for what, how in _failures(recorder, findings):
                findings.failures.setdefault(what, how)


def _failures(recorder: ScenarioRecorder, findings: Findings) -> Iterator[tuple[str, str]]:
    for case_id, checks in recorder.checks.items():
        case, answer = recorder.cases[case_id].value, recorder.interactions[case_id].response
        findings.statuses[case.operation.label].add(answer.status_code if answer else 0)
        for check in checks:
            findings.checks.add(check.name)
            if check.failure_info is not None:
                failure, told = check.failure_info.failure, answer.text if answer else "no answer"
                yield (
                    f"{failure.operation}: {check.name}: {failure.message}",
                    f"{check.failure_info.code_sample}\n{told}",
                )
