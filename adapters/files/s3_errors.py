"""Reasons of errors of an object store, without credentials."""

import re
from typing import Final

_DETAILS: Final = re.compile(r"\s*Debug source:.*", re.DOTALL)
_DURATION: Final = re.compile(r" in [\d.]+\S*s(?:, after .*?)?\s+-(?= )")
_USER: Final = re.compile(r"//[^/@\s]*@")
_RESPONSE: Final = re.compile(r"(status code: \d+[\w ]*).*?(?:<Code>(\w+)</Code>.*|$)", re.DOTALL)


def without_credentials(error: BaseException) -> str:
    """Return the message without user names in URLs, and of a response only the status and S3's error code.

    A response quotes the access key id and what was signed. The durations in the message differ in each attempt.
    """
    text = _DURATION.sub(" -", _DETAILS.sub("", str(error)))
    text = _USER.sub("//", text)
    return _RESPONSE.sub(lambda found: ": ".join(filter(None, found.groups())), text)
