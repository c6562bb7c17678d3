import gc
from pathlib import Path

import pytest

from entrypoints.server import app as server
from tests.entrypoints.given import KEY


def test_the_openapi_document_is_built_before_the_process_serves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for effect in ("tune_malloc", "call_before_shutdown"):
        monkeypatch.setattr(server, effect, lambda *_: None)
    for effect in ("freeze", "set_threshold"):
        monkeypatch.setattr(gc, effect, lambda *_: None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORAGE", "memory")
    monkeypatch.setenv("SECRET_KEY", KEY)

    application = server.app()

    assert b'"openapi":"3.1.0"' in application.state.openapi_documents[""].json
