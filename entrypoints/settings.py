import json
import os
import re
from contextlib import suppress
from email.utils import parseaddr
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from secrets import token_hex
from tempfile import NamedTemporaryFile
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from application.platform.rate_limits import RateLimit

DATA = Path("data")
MIN_KEY = 32
KNOWN_DEFAULTS = frozenset({"changeme", "secret", "your-secret-key-here", "insecure", "development"})
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TESTING = "testing"
    PRODUCTION = "production"


class PasswordRule(StrEnum):
    SPECIFICATION = "specification"
    NIST = "nist"


class LogFormat(StrEnum):
    CONSOLE = "console"
    JSON = "json"


def _listed(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or text != f"{parts.scheme}://{parts.netloc}":
        raise ValueError("an origin is https://name or https://name:port")
    return text


def _server(text: str) -> str:
    try:
        _ = urlsplit(text).port
    except ValueError:
        raise ValueError("the port is no port; in a password # / : and @ are written %23 %2F %3A and %40") from None
    return text


def _database(text: str) -> str:
    """Its driver takes any character in a password."""
    _server(f"//{text.partition('://')[2].rpartition('@')[2]}")
    return text


def _mail_server(text: str) -> str:
    if _server(text).startswith("smtp") and not urlsplit(text).hostname:
        raise ValueError("a mail server has a name")
    return text


def _sender(text: str) -> str:
    name, at, host = parseaddr(text)[1].partition("@")
    if not (name and at and host and text.isprintable()):
        raise ValueError('a sender is name@example.com, or A Name <name@example.com>, or "A, B" <name@example.com>')
    return text


def _host(text: str) -> str:
    if text != "*" and not re.fullmatch(r"(\*\.)?[\w.-]+|\[[0-9a-fA-F:.]+\]", text, re.ASCII):
        raise ValueError("a host is a name without scheme and port, *.name, or * for any")
    return text


def _network(text: Any) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError("a network is 10.0.0.0/8 or fd00::/8, without bits of a host") from None


def _key(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value()) < MIN_KEY:
        raise ValueError(f"a key has {MIN_KEY} characters or more")
    return key


def _keys(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("keys by kid are a JSON object") from None


def _rate(value: Any) -> Any:
    found = re.fullmatch(r"(\d{1,9})/(second|minute|hour|day)", value) if isinstance(value, str) else None
    if found is None or int(found[1]) < 1:
        raise ValueError("a rate is a number of requests per second, minute, hour or day, as in 5/hour")
    return value


Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_listed)]
Hosts = Annotated[
    tuple[Annotated[str, AfterValidator(_host)], ...], NoDecode, BeforeValidator(_listed), Field(min_length=1)
]
Networks = Annotated[
    tuple[Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)], ...], NoDecode, BeforeValidator(_listed)
]
Key = Annotated[SecretStr, AfterValidator(_key)]
Keys = Annotated[dict[str, Key], NoDecode, BeforeValidator(_keys)]
Rate = Annotated[str, BeforeValidator(_rate)]


class Settings(BaseSettings):
    """Environment variables of the same names, in capitals, or lines of `.env`. A wrong one stops the start."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    environment: Environment = Field(Environment.DEVELOPMENT, description="development, testing or production")
    storage: str = Field(
        "sql",
        pattern=r"^(sql|memory|[\w.]+:\w+)$",
        description="sql, memory, or a class of yours: package.module:Class",
    )
    database_url: Annotated[str, AfterValidator(_database)] = Field(
        f"sqlite+aiosqlite:///{DATA}/task-manager.db",
        pattern=r"^(sqlite\+aiosqlite:///.+|postgresql\+asyncpg://.+)$",
        description="sqlite+aiosqlite:///path or postgresql+asyncpg://user:password@host:port/name",
    )
    redis_url: Annotated[str, AfterValidator(_server)] | None = Field(
        None,
        pattern=r"^(redis|rediss|unix)://.+",
        description="redis://host:port/0; without it each process counts limits and remembers totals alone",
    )
    secret_key: Key | None = Field(
        None, description="signs access tokens, 32 characters or more; outside production one is made and kept"
    )
    secret_keys: Keys = Field(
        {},
        description='older keys that still verify, by kid, as JSON: {"2025": "…"}; SECRET_KEY signs as SECRET_KEY_ID',
    )
    secret_key_id: str = Field("1", pattern=r"^[\w.-]{1,40}$", description="kid of SECRET_KEY")
    access_token_expire_minutes: int = Field(15, ge=1, le=1440, description="minutes")
    refresh_token_expire_days: int = Field(7, ge=1, le=365, description="days from login on")
    password_policy: PasswordRule = Field(PasswordRule.SPECIFICATION, description="specification or nist")
    public_url: Annotated[str, AfterValidator(_origin)] = Field(
        "http://127.0.0.1:8000", description="where users reach the service, for links in mails"
    )
    mail_url: Annotated[str, AfterValidator(_mail_server)] = Field(
        "console:",
        pattern=r"^(console:$|smtps?://.+|file:///.+)",
        description="console:, smtp://user:password@host:port or file:///folder",
    )
    mail_from: Annotated[str, AfterValidator(_sender)] = Field(
        "Task Manager <noreply@example.com>", description="sender of mails"
    )
    files_url: str = Field(
        f"file:{DATA}/files",
        pattern=r"^(file:///.+|file:[^/].*|s3://[^/].*)$",
        description="where the bytes of files lie: file:folder, file:///folder or s3://bucket/prefix",
    )
    files_quota_bytes: int = Field(100 * 1024 * 1024, ge=0, description="bytes of all files of one user")
    jobs_in_process: bool = Field(True, description="whether serve does jobs too, beside any `task-manager worker`")
    job_lease_seconds: int = Field(
        30, ge=1, le=3600, description="seconds after which others do what a killed worker had begun"
    )
    allowed_origins: Origins = Field(
        (), description="origins of browser applications that may call, separated by commas"
    )
    trusted_hosts: Hosts = Field(
        ("*",), description="names the service answers to, separated by commas; *.example.com, or * for any"
    )
    trusted_proxies: Networks = Field(
        (), description="networks whose X-Forwarded-For and X-Forwarded-Proto count, separated by commas"
    )
    force_https: bool = Field(False, description="whether plain HTTP is redirected; probes are not")
    max_body_bytes: int = Field(4 * 1024 * 1024, ge=1024, description="bytes of a request's body")
    require_if_match: bool = Field(
        False, description="whether a change of one task or user must name the version it changes"
    )
    rate_limit_enabled: bool = Field(True, description="whether requests are counted")
    rate_limit_read: Rate = Field("600/minute", description="reading requests of one user, or address")
    rate_limit_write: Rate = Field("120/minute", description="writing requests of one user, or address")
    rate_limit_login: Rate = Field("10/minute", description="logins by one address, and to one account")
    rate_limit_register: Rate = Field("10/hour", description="registrations by one address")
    log_level: str = Field("INFO", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR")
    log_format: LogFormat | None = Field(None, description="console or json; json outside development")
    migrate_on_start: bool = Field(False, description="whether serve migrates the database first")
    host: str = Field("127.0.0.1", min_length=1, description="address to listen at")
    port: int = Field(8000, ge=0, le=65535, description="port to listen at")
    workers: int = Field(1, ge=1, le=64, description="processes that serve")

    @model_validator(mode="after")
    def _refuse_what_production_must_not_have(self) -> Self:
        if self.environment is Environment.PRODUCTION:
            for name in ("secret_key", "database_url", "allowed_origins"):
                if name not in self.model_fields_set or not getattr(self, name):
                    raise ValueError(f"{name.upper()} must be set in production")
            key = self.secret_key.get_secret_value() if self.secret_key else ""
            if key.lower().strip() in KNOWN_DEFAULTS or len(set(key)) < 8:
                raise ValueError("SECRET_KEY must be random in production")
        return self

    @property
    def is_development(self) -> bool:
        return self.environment is Environment.DEVELOPMENT

    @property
    def signing_keys(self) -> dict[str, str]:
        """By kid; the one of `secret_key_id` signs."""
        current = self.secret_key.get_secret_value() if self.secret_key else kept_key(DATA / "secret.key")
        return {kid: key.get_secret_value() for kid, key in self.secret_keys.items()} | {self.secret_key_id: current}

    def rate(self, name: str) -> RateLimit:
        amount, _, unit = str(getattr(self, f"rate_limit_{name}")).partition("/")
        return RateLimit(name, int(amount), SECONDS[unit])


def kept_key(path: Path) -> str:
    """The key in this file, made at first use; the first of several processes makes it for all."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent) as whole:
            whole.write(token_hex(32))
            whole.flush()
            with suppress(FileExistsError):
                os.link(whole.name, path)
    return path.read_text()
