import errno
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

from entrypoints.secret_key import load_or_create_key
from tests.architecture.sources import ROOT
from tests.entrypoints.given import load_settings

THREADS: Final = 8
KEY_LENGTH: Final = 64

SCRIPT: Final = """
import sys, time
from pathlib import Path
from entrypoints.secret_key import load_or_create_key
print("ready", flush=True)
sys.stdin.readline()
print(load_or_create_key(Path("data/secret.key")))
"""


@contextmanager
def umask(bits: int) -> Iterator[None]:
    previous = os.umask(bits)
    try:
        yield
    finally:
        os.umask(previous)


def test_a_key_is_created_and_stored_outside_production(empty_directory: Path) -> None:
    key = load_settings().signing_keys["1"]

    assert len(key) == KEY_LENGTH
    assert load_settings().signing_keys["1"] == key
    assert (empty_directory / "data/secret.key").read_text() == key


@pytest.mark.parametrize("bits", [0o000, 0o022, 0o077])
def test_only_the_owner_may_read_the_stored_key(tmp_path: Path, bits: int) -> None:
    path = tmp_path / "data/secret.key"
    with umask(bits):
        load_or_create_key(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_each_file_has_another_key(tmp_path: Path) -> None:
    assert load_or_create_key(tmp_path / "one") != load_or_create_key(tmp_path / "other")


def test_a_configured_key_is_used_and_none_is_created(empty_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", key := 32 * "k")

    assert load_settings().signing_keys["1"] == key
    assert list(empty_directory.iterdir()) == []


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
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


def test_the_file_system_needs_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", fail_as_on_fat)

    assert len(load_or_create_key(tmp_path / "secret.key")) == KEY_LENGTH
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def fail_as_on_fat(*_: object) -> None:
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


def test_the_key_file_appears_complete(tmp_path: Path) -> None:
    barrier = Barrier(THREADS)

    def load(path: Path) -> str:
        barrier.wait()
        return load_or_create_key(path)

    with ThreadPoolExecutor(THREADS) as threads:
        for number in range(100):
            keys = set(threads.map(load, THREADS * [tmp_path / f"{number}/secret.key"]))
            assert len(keys) == 1
            assert {len(key) for key in keys} == {KEY_LENGTH}
