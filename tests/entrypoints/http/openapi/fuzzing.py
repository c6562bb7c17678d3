"""Send valid requests, invalid requests and sequences of both to the service in this process.

Each response is checked against the OpenAPI document.
"""

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
"""Expected statuses of valid requests. Any other status means that a valid request was refused."""

EXAMPLES_PER_OPERATION: Final = 5
"""Examples per hundred of the hypothesis profile."""


@dataclass
class Findings:
    seed: int
    phases: set[str] = field(default_factory=set)
    checks: set[str] = field(default_factory=set)
    failures: dict[str, str] = field(default_factory=dict)
    """Failures, each with the first request that causes it."""
    statuses: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """The number of calls of each operation."""

    def __str__(self) -> str:
        lines = [f"{what}\n{how}" for what, how in sorted(self.failures.items())]
        return "\n\n".join([*lines, f"seed {self.seed}"])


def explore(
    app: Any,
    users: dict[str, str],
    examples: Examples,
    scratch: Path,
    *,
    leave_out: Collection[str] = (),
    phases: Collection[str] = PHASES,
) -> Findings:
    """Explore the service as the first of these users. No user may see data of another.

    Args:
        app: The application.
        users: Access tokens by username.
        examples: Parameter and field values that must be used, by operation or schema.
        scratch: A directory for temporary files.
        leave_out: Ids of operations that are not called, for example because they end the session.
        phases: The phases to run.
    """
    register_formats()
    with get_client(app) as client:
        document = client.get("/openapi.json").json()
    seed = 0 if hypothesis.settings().derandomize else SystemRandom().getrandbits(32)
    config = _config(seed, users, scratch, phases)
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


def _config(seed: int, users: dict[str, str], scratch: Path, phases: Collection[str]) -> SchemathesisConfig:
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
            "phases": {phase: {"enabled": phase in phases} for phase in PHASES},
            "generation": {
                "max-examples": hypothesis.settings().max_examples * EXAMPLES_PER_OPERATION // 100,
                "deterministic": True,
                "database": "none",
            },
        }
    )


def _identities(users: dict[str, str], scratch: Path) -> dict[str, Any]:
    """Return the users in the format of Web Fuzzing Commons."""
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
        case, response = recorder.cases[case_id].value, recorder.interactions[case_id].response
        findings.statuses[case.operation.label].add(response.status_code if response else 0)
        for check in checks:
            findings.checks.add(check.name)
            if check.failure_info is not None:
                failure, lines = check.failure_info.failure, response.text if response else "no response"
                yield (
                    f"{failure.operation}: {check.name}: {failure.message}",
                    f"{check.failure_info.code_sample}\n{lines}",
                )
