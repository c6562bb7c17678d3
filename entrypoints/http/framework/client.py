"""The address, origin and user agent of the client of a request."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from starlette.requests import Request

from application.identity.sessions import ClientInfo
from entrypoints.http.framework.context import context_of

DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


def client_address(request: Request) -> str:
    """Return the address of the client.

    If the peer is a trusted proxy: the rightmost address in X-Forwarded-For that is not a trusted proxy.
    """
    trusted = context_of(request).settings.trusted_proxies
    address = request.client.host if request.client else ""
    if not trusted:
        return address
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    for hop in reversed([hop.strip() for hop in forwarded if hop.strip()]):
        if not _is_in(address, trusted) or not _is_address(hop):
            break
        address = hop
    return address


def request_origin(request: Request) -> str:
    """Return the origin (RFC 6454) that the client addressed, which is the origin of this service's pages.

    The scheme is the one in X-Forwarded-Proto if the peer is a trusted proxy.
    """
    trusted = context_of(request).settings.trusted_proxies
    scheme = request.scope["scheme"]
    forwarded = ",".join(request.headers.getlist("x-forwarded-proto")).rpartition(",")[2].strip().lower()
    if forwarded in DEFAULT_PORTS and request.client and _is_in(request.client.host, trusted):
        scheme = forwarded
    return f"{scheme}://{request.headers['host'].lower().removesuffix(DEFAULT_PORTS[scheme])}"


def client_info(request: Request) -> ClientInfo:
    return ClientInfo(request.headers.get("user-agent"), client_address(request) or None)


def _is_in(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
