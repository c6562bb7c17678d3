"""The listening sockets."""

import errno
import socket
from typing import Any, Final

UNSENT_BYTES: Final = 16 * 1024
"""Bytes of responses that the system buffers for a connection in addition to those that it can send at once.

By default it buffers megabytes. It may take minutes until a slow client makes room for more, and the server could not
distinguish it from a client that does not read.
"""

_UNUSABLE: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


class CannotListen(Exception):
    """The address is in use, not allowed, unknown, or not one of this machine."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Bind a socket to each address of the host that this machine has. `::` also means all IPv4 addresses.

    Raises:
        OSError: The port is in use or not allowed, or the host has no address here.
    """
    sockets: list[socket.socket] = []
    unusable: OSError | None = None
    for family, *_, address in dict.fromkeys(
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    ):
        port = sockets[0].getsockname()[1] if sockets else port  # the system chooses the port 0 once
        try:
            sockets.append(_bind(family, (address[0], port, *address[2:])))
        except OSError as error:
            if error.errno not in _UNUSABLE:
                _close(sockets)
                raise
            unusable = error
    if unusable is not None and not sockets:
        raise unusable
    return sockets


def _bind(family: int, address: tuple[Any, ...]) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # accepted connections inherit it
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    listening.set_inheritable(True)
    return listening


def _close(sockets: list[socket.socket]) -> None:
    for listening in sockets:
        listening.close()
