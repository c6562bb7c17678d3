"""Network addresses of clients."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

IPV6_BLOCK: Final = 64
"""Bits of the network that one IPv6 client usually has to itself (RFC 6177)."""

_IN_BRACKETS = re.compile(r"\[(.*)\](?::[0-9]{1,5})?")
_WITH_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}")


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address in a text, or None if there is none.

    A port, brackets and a zone (`fe80::1%eth0`) are dropped. An IPv4-mapped address (`::ffff:192.0.2.1`) is the IPv4
    address: the same client has it on a socket for both versions.
    """
    found = _IN_BRACKETS.fullmatch(text) or _WITH_PORT.fullmatch(text)
    try:
        address = ip_address(found[1] if found else text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))


def address_block(text: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 network of an IPv6 address.

    All texts without an address count as one client, so that no client gets many limits by malformed addresses.
    """
    address = parse_address(text)
    if address is None:
        return "unknown"
    if isinstance(address, IPv4Address):
        return str(address)
    host_bits = address.max_prefixlen - IPV6_BLOCK
    return f"{IPv6Address(int(address) >> host_bits << host_bits)}/{IPV6_BLOCK}"
