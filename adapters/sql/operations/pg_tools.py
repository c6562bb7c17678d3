import asyncio
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from application.operations.ports import BackupRefused

OF_DEBIAN: Final = Path("/usr/lib/postgresql")
"""Where every version has a folder, and only a wrapper is on the path."""


async def program(name: str, server: int) -> Path:
    """The one on the path or of Debian's folders that fits a server of this major version: the same, or else the
    next newer one. Raises BackupRefused."""
    found = {await _major(path): path for path in reversed(_candidates(name))}
    fitting = [version for version in found if version >= server]
    if fitting:
        return found[min(fitting)]
    if found:
        raise BackupRefused(
            f"{name} is of version {max(found)}, and the server of {server}: install that or a newer one"
        )
    raise BackupRefused(f"{name} is not installed: install PostgreSQL's client programs, version {server} or newer")


async def run(path: Path, *arguments: str, environment: Mapping[str, str]) -> str:
    """What it printed. Raises BackupRefused with what it complained of, but for values of rows."""
    code, told, complained = await _finished((str(path), *arguments), environment)
    if code != 0:
        errors = [line for line in complained.splitlines() if re.match(r"\w+: (error|fatal)", line)]
        raise BackupRefused("\n".join(errors) or f"{path.name} ended with {code}")
    return told


def _candidates(name: str) -> list[Path]:
    on_path = shutil.which(name)
    return [*([Path(on_path)] if on_path else []), *OF_DEBIAN.glob(f"*/bin/{name}")]


async def _major(path: Path) -> int:
    """0 if it does not tell."""
    _, told, _ = await _finished((str(path), "--version"), None)
    version = re.search(r"\) (\d+)", told)
    return int(version[1]) if version else 0


async def _finished(command: Sequence[str], environment: Mapping[str, str] | None) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        told, complained = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    return process.returncode, told.decode(errors="replace"), complained.decode(errors="replace")
