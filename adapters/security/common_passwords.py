from collections.abc import Container
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from runpy import run_path


@cache
def load_common_passwords() -> Container[str]:
    """Return the about 30,000 most common passwords in the list of zxcvbn, casefolded.

    Only the file with the list runs: importing the package would build ten times as much data that is not used here.
    """
    package = find_spec("zxcvbn")
    assert package is not None and package.origin is not None
    lists = run_path(str(Path(package.origin).with_name("frequency_lists.py")))["FREQUENCY_LISTS"]
    return frozenset(password.casefold() for password in lists["passwords"])
