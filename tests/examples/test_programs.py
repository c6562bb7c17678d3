"""The programs of `examples/` do what they show."""

import io
from pathlib import Path

import pytest

from examples import chat, in_process, own_adapter
from tests.architecture.sources import PACKAGES
from tests.architecture.test_imports import imported_by

EXAMPLES = Path(in_process.__file__).parent


@pytest.fixture(autouse=True)
def away_from_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def printed_by(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines that were printed, without the log."""
    return [line for line in capsys.readouterr().out.splitlines() if "[info" not in line]


async def test_the_core_is_used_in_process(capsys: pytest.CaptureFixture[str]) -> None:
    await in_process.main()

    printed = printed_by(capsys)
    assert sorted(printed[:2]) == ["Pay the rent: completed", "Water the plants: pending"]
    assert printed[2].startswith("refused: ")


async def test_an_adapter_is_replaced_in_the_container(capsys: pytest.CaptureFixture[str]) -> None:
    await own_adapter.main()

    (printed,) = printed_by(capsys)
    assert printed.startswith("to ann@example.com: ")


async def test_an_entrypoint_translates_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("add Water the plants\nlist\ndone 1\ndone 9\nlist\nadd  \nsing\n"))
    await chat.main()

    printed = printed_by(capsys)
    assert printed[:5] == [
        "Added: Water the plants",
        "1. Water the plants (pending)",
        "Done: Water the plants",
        "Which one? Say the number that `list` shows.",
        "1. Water the plants (completed)",
    ]
    assert printed[5].startswith("No: ")
    assert printed[6] == "I know: add, list, done"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("[a-z]*.py")), ids=lambda path: path.name)
def test_examples_are_short_and_import_only_the_public_interface(path: Path) -> None:
    lines = path.read_text().splitlines()

    assert len(lines) <= (150 if path.stem == "sqlite_tasks" else 80)
    assert not set(imported_by(path)) & {*PACKAGES, "tests"} - {"task_manager"}
