"""The limit of open file descriptors."""

import resource
from typing import Final

PER_CONNECTION: Final = 2
"""The socket, and a file that is downloaded or uploaded."""

OTHERS: Final = 192
"""For databases, Redis, mails, logs, and connections above the limit."""


def connection_limit(wanted: int) -> int:
    """Allow this process the descriptors for so many connections. Return how many it may open, at most `wanted`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted * PER_CONNECTION + OTHERS
    if soft < needed and soft != resource.RLIM_INFINITY:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return min(wanted, max(1, (soft - OTHERS) // PER_CONNECTION))
    return wanted
