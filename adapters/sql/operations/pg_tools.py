import asyncio
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from application.storage import BackupError

DEBIAN_ROOT: Final = Path("/usr/lib/postgresql")
"""Debian has a directory for each version here; only a wrapper is on the PATH."""


async def find_program(name: str, server: int) -> Path:
    """Find a client program that fits a server: the same major version, or else the next newer one.

    Searches the PATH and the directories of Debian's packages.

    Args:
        name: Name of the program, such as pg_dump.
        server: Major version of the server.

    Raises:
        BackupError: No such program is installed, or only older versions.
    """
    found = {await _major_version(path): path for path in reversed(_candidates(name))}
    fitting = [version for version in found if version >= server]
    if fitting:
        return found[min(fitting)]
    if found:
        raise BackupError(
            f"{name} is version {max(found)}, but the server is version {server}: install version {server} or newer"
        )
    raise BackupError(f"{name} is not installed: install the PostgreSQL client programs, version {server} or newer")


async def run(path: Path, *arguments: str, environment: Mapping[str, str]) -> str:
    """Run a program and return its output.

    Raises:
        BackupError: The program failed. Contains its error lines, but not the details, which may show values of rows.
    """
    code, stdout, stderr = await _execute((str(path), *arguments), environment)
    if code != 0:
        errors = [line for line in stderr.splitlines() if re.match(r"\w+: (error|fatal)", line)]
        raise BackupError("\n".join(errors) or f"{path.name} ended with {code}")
    return stdout


def _candidates(name: str) -> list[Path]:
    on_path = shutil.which(name)
    return [*([Path(on_path)] if on_path else []), *DEBIAN_ROOT.glob(f"*/bin/{name}")]


async def _major_version(path: Path) -> int:
    """Return the major version of a program, 0 if unknown."""
    _, stdout, _ = await _execute((str(path), "--version"), None)
    version = re.search(r"\) (\d+)", stdout)
    return int(version[1]) if version else 0


async def _execute(command: Sequence[str], environment: Mapping[str, str] | None) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        stdout, stderr = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    return process.returncode, stdout.decode(errors="replace"), stderr.decode(errors="replace")
