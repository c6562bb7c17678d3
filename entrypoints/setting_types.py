"""The types of settings: they check the text of an environment variable and parse it."""

import json
import re
from email.headerregistry import Address, AddressHeader, HeaderRegistry
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any
from urllib.parse import urlsplit

import idna
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from domain.identity.address import parse_network

MIN_KEY_LENGTH = 32
DEFAULT_PORTS = {"http": "80", "https": "443"}
MAX_PORT = 65_535
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - only compared
"""The addresses that a browser can open, for the wildcard addresses."""

ENCODING = "a password must encode # / : ? @ and % as %23 %2F %3A %3F %40 and %25"

_USER = re.compile(r"^(?:[^:/]*(?::[^@]*)?@)?")
_JSON_LIST = re.compile(r'\s*\[\s*["\]]')
_REDIS_PATH = re.compile(r"(/[0-9]*)?")
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._\x80-\U0010ffff-]+)(?::([0-9]{1,5}))?")


class SettingsError(Exception):
    """A setting cannot be read or used. The message names it and does not contain its value."""


def local_url(host: str, port: int) -> str:
    """Return the URL that a browser on this machine can open for an address to listen on."""
    host = LOOPBACK.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _split_list(value: Any) -> Any:
    """Return the parts of a text with commas, or of a JSON list. A list may also contain an address like [::1]."""
    if not isinstance(value, str):
        return value
    if _JSON_LIST.match(value):
        try:
            return tuple(json.loads(value))
        except ValueError:
            raise ValueError('list must be values separated by commas, or a JSON list like ["a", "b"]') from None
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _normalize_origin(text: str) -> str:
    """Return an origin as browsers send it: in lower case, without a default port, the name in punycode."""
    found = _ORIGIN.fullmatch(text.lower())
    scheme, name, port = found.groups() if found else ("", "", None)
    try:
        name = name if name.isascii() else idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        name = ""
    if not name or int(port or 0) > MAX_PORT:
        raise ValueError("origin must be https://name or https://name:port")
    return f"{scheme}://{name}" + ("" if port in (None, DEFAULT_PORTS[scheme]) else f":{port}")


def _check_url(text: str) -> str:
    """Check the port, and that no character of the password ended the host name."""
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:
        raise ValueError(f"port is not valid; {ENCODING}") from None
    if url.netloc and "@" in url.path + url.query.partition("=")[0] + url.fragment:
        raise ValueError(f"there is an @ after the host name; {ENCODING}")
    return text


def _check_database_url(text: str) -> str:
    """Check the part after the password, which ends with the first @: SQLAlchemy allows any other character in it."""
    if text.startswith("sqlite"):
        return text
    place = _USER.sub("", text.partition("://")[2])
    if "@" in place.partition("?")[0]:
        raise ValueError(f"there is an @ after the password; {ENCODING}")
    _check_url(f"//{place}")
    return text


def _check_redis_url(text: str) -> str:
    if _check_url(text).startswith(("redis://", "rediss://")) and not _REDIS_PATH.fullmatch(urlsplit(text).path):
        raise ValueError("the path must be empty or the number of a database, as in redis://127.0.0.1:6379/0")
    return text


def _check_mail_url(text: str) -> str:
    if _check_url(text).startswith("smtp") and not urlsplit(text).hostname:
        raise ValueError("mail server must have a host name")
    return text


def _parse_addresses(text: str) -> tuple[Address, ...]:
    header = HeaderRegistry()("from", text)
    assert isinstance(header, AddressHeader)
    return header.addresses


def _check_sender(text: str) -> str:
    try:
        (address,) = _parse_addresses(text)  # also decodes encoded words
        is_valid = text.isprintable() and address.username and address.domain
    except (IndexError, ValueError):
        is_valid = False
    if not is_valid:
        raise ValueError('sender must be name@example.com, A Name <name@example.com> or "A, B" <name@example.com>')
    return text


def _check_host(text: str) -> str:
    if text != "*" and not re.fullmatch(r"(\*\.)?[\w.-]+|\[[0-9a-fA-F:.]+\]", text, re.ASCII):
        raise ValueError("host must be a name without scheme and port, *.name, or * for any")
    return text


def _check_key(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value()) < MIN_KEY_LENGTH:
        raise ValueError(f"key must have at least {MIN_KEY_LENGTH} characters")
    return key


def _parse_keys(value: Any) -> Any:
    try:
        return json.loads(value or "{}") if isinstance(value, str) else value
    except ValueError:
        raise ValueError("keys must be a JSON object, by key id") from None


def _check_rate(value: Any) -> Any:
    found = re.fullmatch(r"(\d{1,9})/(second|minute|hour|day)", value) if isinstance(value, str) else None
    if found is None or int(found[1]) < 1:
        raise ValueError("rate must be a number of requests per second, minute, hour or day, like 5/hour")
    return value


Hosts = Annotated[
    tuple[Annotated[str, AfterValidator(_check_host)], ...],
    NoDecode,
    BeforeValidator(_split_list),
    Field(min_length=1),
]
Networks = Annotated[
    tuple[Annotated[IPv4Network | IPv6Network, BeforeValidator(parse_network)], ...],
    NoDecode,
    BeforeValidator(_split_list),
]
Key = Annotated[SecretStr, AfterValidator(_check_key)]
Keys = Annotated[dict[str, Key], NoDecode, BeforeValidator(_parse_keys)]
Rate = Annotated[str, BeforeValidator(_check_rate)]
Origin = Annotated[str, AfterValidator(_normalize_origin)]
Origins = Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_split_list)]
DatabaseUrl = Annotated[str, AfterValidator(_check_database_url)]
RedisUrl = Annotated[str, AfterValidator(_check_redis_url)]
MailUrl = Annotated[str, AfterValidator(_check_mail_url)]
Sender = Annotated[str, AfterValidator(_check_sender)]
