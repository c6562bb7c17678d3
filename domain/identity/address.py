"""Network addresses of clients."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

IPV6_BLOCK: Final = 64
"""Bits of the network that one IPv6 client usually has to itself (RFC 6177)."""

_MAPPED: Final = IPv6Network("::ffff:0:0/96")
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


def parse_network(text: str) -> IPv4Network | IPv6Network:
    """Return the network in a text. A network of IPv4-mapped addresses is the IPv4 network.

    Raises:
        ValueError: The text is no network, or has host bits.
    """
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError("network must be like 10.0.0.0/8 or fd00::/8, without host bits") from None
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        low_bits = int(network.network_address) - int(_MAPPED.network_address)
        return IPv4Network((low_bits, network.prefixlen - _MAPPED.prefixlen))
    return network


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
