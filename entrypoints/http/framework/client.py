"""The address, origin and user agent of the client of a request."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

from starlette.requests import Request

from application.identity.sessions import ClientInfo
from domain.identity.address import parse_address
from entrypoints.http.framework.context import context_of

Address = IPv4Address | IPv6Address

DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


def client_address(request: Request) -> str:
    """Return the normalised address of the client, or an empty text if the peer has none.

    If the peer is a trusted proxy: the rightmost address in X-Forwarded-For that is not a trusted proxy. A malformed
    element ends the search.
    """
    trusted = context_of(request).settings.trusted_proxies
    address = _peer(request)
    if _is_in(address, trusted):
        forwarded = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
        for hop in reversed([hop.strip() for hop in forwarded if hop.strip()]):
            if not _is_in(address, trusted) or (forwarded_address := parse_address(hop)) is None:
                break
            address = forwarded_address
    return str(address or "")


def request_origin(request: Request) -> str:
    """Return the origin (RFC 6454) that the client addressed, which is the origin of this service's pages.

    The scheme is the one in X-Forwarded-Proto if the peer is a trusted proxy.
    """
    trusted = context_of(request).settings.trusted_proxies
    scheme = request.scope["scheme"]
    forwarded = ",".join(request.headers.getlist("x-forwarded-proto")).rpartition(",")[2].strip().lower()
    if forwarded in DEFAULT_PORTS and _is_in(_peer(request), trusted):
        scheme = forwarded
    return f"{scheme}://{request.headers['host'].lower().removesuffix(DEFAULT_PORTS[scheme])}"


def client_info(request: Request) -> ClientInfo:
    return ClientInfo(request.headers.get("user-agent"), client_address(request) or None)


def _peer(request: Request) -> Address | None:
    return parse_address(request.client.host) if request.client else None


def _is_in(address: Address | None, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    return address is not None and any(address in network for network in networks)
