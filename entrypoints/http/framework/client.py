"""Who is at the other end, and what it says of itself."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from starlette.requests import Request

from application.identity.sessions import Device

DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


def address_of(request: Request) -> str:
    """The peer, or, as far as trusted proxies tell, the one they speak for: read from the right, the first
    that is no proxy of ours."""
    trusted: Sequence[IPv4Network | IPv6Network] = request.app.state.settings.trusted_proxies
    address = request.client.host if request.client else ""
    if not trusted:
        return address
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    for hop in reversed([hop.strip() for hop in forwarded if hop.strip()]):
        if not _is_in(address, trusted) or not _is_address(hop):
            break
        address = hop
    return address


def origin_of(request: Request) -> str:
    """The origin (RFC 6454) of the pages that this request could come from if they were ours: as the peer asked,
    or, if that is a proxy we trust, as it was asked."""
    trusted: Sequence[IPv4Network | IPv6Network] = request.app.state.settings.trusted_proxies
    scheme = request.scope["scheme"]
    told = ",".join(request.headers.getlist("x-forwarded-proto")).rpartition(",")[2].strip().lower()
    if told in DEFAULT_PORTS and request.client and _is_in(request.client.host, trusted):
        scheme = told
    return f"{scheme}://{request.headers['host'].lower().removesuffix(DEFAULT_PORTS[scheme])}"


def device_of(request: Request) -> Device:
    return Device(request.headers.get("user-agent"), address_of(request) or None)


def _is_in(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
