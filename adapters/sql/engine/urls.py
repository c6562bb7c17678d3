"""What a DATABASE_URL means to the driver and to PostgreSQL's client programs, or the path of an SQLite file."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from sqlalchemy import URL, make_url

POOLER: Final = "prepared_statement_cache_size"
"""The only parameter that is not one of libpq: 0 stands for PgBouncer in transaction mode."""

SECRETS: Final = frozenset({"password", "sslpassword"})

SUPPORTED: Final = frozenset(
    {"host", "port", "user", "password", "dbname", "passfile", "service", "krbsrvname", "gsslib"}
    | {"application_name", "options", "target_session_attrs"}
    | {"sslmode", "sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl", "sslnegotiation"}
    | {"ssl_min_protocol_version", "ssl_max_protocol_version"}
)
"""Parameters of libpq that the driver understands."""

IGNORED: Final[Mapping[str, Collection[str] | None]] = {
    "channel_binding": ("disable", "prefer"),
    "client_encoding": ("auto", "utf8", "utf-8"),
    "connect_timeout": None,
    "fallback_application_name": None,
    "gssdelegation": ("0",),
    "gssencmode": ("disable", "prefer"),
    "keepalives": None,
    "keepalives_count": None,
    "keepalives_idle": None,
    "keepalives_interval": None,
    "load_balance_hosts": ("disable",),
    "sslcertmode": ("disable", "allow"),
    "sslcompression": ("0",),
    "sslsni": ("0", "1"),
    "tcp_user_timeout": None,
}
"""Parameters of libpq that the driver may ignore if they have one of these values. The client programs get them."""


def check_url(url: str) -> None:
    """Check the part of a URL that a driver would misunderstand.

    Raises:
        ValueError: A parameter of PostgreSQL is unknown or has a value that the driver does not support, or the path
            of an SQLite file is ambiguous. The message names it and shows no value of an unknown parameter.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if "?" in url:
            raise ValueError("the path of an SQLite file must not contain ?, and has no parameters")
        if parsed.database == ":memory:":
            raise ValueError("an SQLite database must be a file; without one, set STORAGE=memory")
        return
    for name, value in parsed.query.items():
        if not isinstance(value, str):
            raise ValueError(f"the parameter {name} must not be given twice")
        if name == "sslrootcert" and value == "system":
            raise ValueError("sslrootcert=system is not supported: give the file of the certificates")
        if name not in SUPPORTED | IGNORED.keys() | {POOLER}:
            raise ValueError(f"the parameter {name} is not supported; server settings are options=-c%20name%3Dvalue")
        if (values := IGNORED.get(name)) is not None and value.lower() not in values:
            raise ValueError(f"the parameter {name} supports only {' and '.join(values)}")


def dsn_of(url: str) -> str:
    """Return a PostgreSQL URL for the driver, without the parameters that it would send to the server."""
    parsed = make_url(url).difference_update_query([POOLER, *IGNORED])
    return parsed.set(drivername="postgresql").render_as_string(hide_password=False)


def dsns_of(url: str) -> list[str]:
    """Return a PostgreSQL URL for the driver for each host, in order."""
    parsed = make_url(dsn_of(url))
    hosts, ports = (str(parsed.query.get(name, "")).split(",") for name in ("host", "port"))
    if len(ports) == 1:
        ports *= len(hosts)
    if len(hosts) != len(ports):
        return [parsed.render_as_string(hide_password=False)]  # the driver reports the error
    addresses = [
        {name: value for name, value in (("host", host), ("port", port)) if value}
        for host, port in zip(hosts, ports, strict=True)
    ]
    return [parsed.update_query_dict(address).render_as_string(hide_password=False) for address in addresses]


def libpq_url_of(url: str) -> str:
    """Return a PostgreSQL URL for the client programs, without secrets: all users of the machine see arguments."""
    parsed = make_url(url)
    query = {name: value for name, value in parsed.query.items() if name not in SECRETS | {POOLER, "client_encoding"}}
    base = URL.create("postgresql", parsed.username, None, parsed.host, parsed.port, parsed.database)
    return base.render_as_string() + (f"?{urlencode(query, quote_via=quote)}" if query else "")


def is_behind_bouncer(url: str) -> bool:
    return make_url(url).query.get(POOLER) == "0"


def sqlite_path_of(url: str) -> Path:
    """Return the path of an SQLite database. A `%` that two hexadecimal digits follow must be encoded as `%25`."""
    return Path(make_url(url).database or "")
