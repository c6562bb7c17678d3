import re
from typing import Final

from tests.architecture.sources import modules, named

WIRE: Final = re.compile(
    r"status.?code|\bheaders?\b|prometheus|\bdue_date\b|\betag\b|if-match|\bjson (field|name)", re.IGNORECASE
)
"""Terms of HTTP, of metric formats, and names of fields that only the API uses."""

ALLOWED: Final = {
    ("domain/tasks/task_query.py", 'DUE_DATE = "due_date"'),  # part of the digest in cursors
    ("domain/tasks/task_query.py", "case SortField.DUE_DATE:"),
    (
        "application/platform/idempotency.py",
        '"""Idempotent writes: a request with an idempotency key takes effect once',
    ),
}


def test_the_core_does_not_know_the_wire_format() -> None:
    found = {
        (named(path), line.strip())
        for path in modules(["domain", "application"])
        for line in path.read_text().splitlines()
        if WIRE.search(line)
    }

    unexpected = {(name, line) for name, line in found if not any(name == n and line.startswith(s) for n, s in ALLOWED)}
    assert unexpected == set()
