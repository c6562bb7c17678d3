from pathlib import Path

import pytest

from entrypoints.settings import Settings


@pytest.fixture
def empty_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The working directory: without `.env`, and nothing in the environment that concerns us."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path
