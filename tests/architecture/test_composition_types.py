"""mypy reports mistakes in the composition root before anything runs."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.architecture.sources import ROOT

SERVICES: Final = "entrypoints/wiring/services.py"
CONTAINER: Final = "entrypoints/wiring/container.py"

MISTAKES: Final = [
    (SERVICES, "quota=options.files_quota,", "qouta=options.files_quota,", 'argument "qouta" for "FileService"'),
    (
        SERVICES,
        "tasks=TaskService(unit_of_work=unit_of_work, total_cache=total_cache, clock=clock, new_id=new_id)",
        "tasks=TaskService(unit_of_work=unit_of_work, total_cache=total_cache, clock=new_id, new_id=clock)",
        'Argument "clock" to "TaskService" has incompatible type',
    ),
    (
        SERVICES,
        "exports=ExportService(unit_of_work=unit_of_work, record=events.record, clock=clock)",
        "exports=ExportService(unit_of_work=unit_of_work, record=events.record)",
        'argument "clock" in call to "ExportService"',
    ),
    (
        SERVICES,
        "total_cache=total_cache,\n    )",
        "total_cache=rate_limits,\n    )",
        'Argument "total_cache" to "Services"',
    ),
    (CONTAINER, "hasher=container.hasher()", "hasher=container.tokens()", 'Argument "hasher" to "Adapters"'),
    (CONTAINER, "mailer=container.mailer()", "mailer=container.mailre()", '"None" not callable'),
    (
        CONTAINER,
        "singleton(create_tokens, settings, new_id)",
        "singleton(create_tokens, new_id, settings)",
        '"singleton"',
    ),
]
"""File, correct text, mistake, and a part of mypy's message."""


def test_each_mistake_in_the_composition_is_a_type_error(tmp_path: Path) -> None:
    options: list[str] = []
    for path in (SERVICES, CONTAINER):
        text = (ROOT / path).read_text()
        for file, right, wrong, _ in MISTAKES:
            if file == path:
                assert text.count(right) == 1, right
                text = text.replace(right, wrong)
        shadow = tmp_path / Path(path).name
        shadow.write_text(text)
        options += ["--shadow-file", path, str(shadow)]
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), *options, SERVICES, CONTAINER]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert [message for _, _, _, message in MISTAKES if message not in done.stdout] == [], done.stdout
