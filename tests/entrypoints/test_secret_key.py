import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Final

import pytest

from entrypoints.settings import kept_key
from tests.architecture.sources import ROOT
from tests.entrypoints.given import current_settings

AT_ONCE: Final = 8
KEY_LENGTH: Final = 64

ASK: Final = """
import sys, time
from pathlib import Path
from entrypoints.settings import kept_key
print("ready", flush=True)
sys.stdin.readline()
print(kept_key(Path("data/secret.key")))
"""


@contextmanager
def mask(bits: int) -> Iterator[None]:
    before = os.umask(bits)
    try:
        yield
    finally:
        os.umask(before)


def test_outside_production_a_key_is_made_and_kept(empty_place: Path) -> None:
    key = current_settings().signing_keys["1"]

    assert len(key) == KEY_LENGTH
    assert current_settings().signing_keys["1"] == key
    assert (empty_place / "data/secret.key").read_text() == key


@pytest.mark.parametrize("bits", [0o000, 0o022, 0o077])
def test_nobody_else_may_read_the_kept_key(tmp_path: Path, bits: int) -> None:
    path = tmp_path / "data/secret.key"
    with mask(bits):
        kept_key(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_every_place_has_a_key_of_its_own(tmp_path: Path) -> None:
    assert kept_key(tmp_path / "one") != kept_key(tmp_path / "other")


def test_a_given_key_counts_and_none_is_made(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", given := 32 * "k")

    assert current_settings().signing_keys["1"] == given
    assert list(empty_place.iterdir()) == []


def test_processes_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ASK],
            cwd=tmp_path,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    keys = {process.communicate()[0].strip() for process in processes}

    assert len(keys) == 1
    assert {len(key) for key in keys} == {KEY_LENGTH}


def test_whoever_finds_the_key_finds_all_of_it(tmp_path: Path) -> None:
    together = Barrier(AT_ONCE)

    def ask(path: Path) -> str:
        together.wait()
        return kept_key(path)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for place in range(100):
            keys = set(threads.map(ask, AT_ONCE * [tmp_path / f"{place}/secret.key"]))
            assert len(keys) == 1
            assert {len(key) for key in keys} == {KEY_LENGTH}
