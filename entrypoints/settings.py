"""Settings: environment variables and `.env`."""

from enum import StrEnum
from typing import Any, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from application.platform.rate_limits import RateLimit
from entrypoints.private_files import DATA
from entrypoints.secret_key import load_or_create_key
from entrypoints.setting_types import (
    DatabaseUrl,
    Hosts,
    Key,
    Keys,
    MailUrl,
    Networks,
    Origin,
    Origins,
    Rate,
    RedisUrl,
    Sender,
    SettingsError,
    local_url,
)

WEAK_KEYS = frozenset({"changeme", "secret", "your-secret-key-here", "insecure", "development"})
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


def _is_weak(key: str) -> bool:
    return key.lower().strip() in WEAK_KEYS or len(set(key)) < 8


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


class LogSettings(BaseSettings):
    """The settings of the log: environment variables with the names of the fields in upper case, or lines of `.env`.

    The environment has priority. A wrong value raises ValidationError, without the value in its message.
    An unreadable `.env` raises SettingsError.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise SettingsError(f".env: line {line} is not UTF-8 text") from error
        except OSError as error:
            raise SettingsError(f".env cannot be read: {error.strerror}") from error

    environment: Environment = Field(Environment.DEVELOPMENT, description="development, testing or production")
    log_level: str = Field("INFO", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR")
    log_format: LogFormat | None = Field(None, description="console or json; by default console in development only")
    log_file: str | None = Field(
        None, min_length=1, description="file to which the log is appended; by default the standard output"
    )
    log_file_bytes: int = Field(
        10 * 1024 * 1024, ge=4096, description="size at which LOG_FILE is renamed to LOG_FILE.1 and a new file begins"
    )
    log_file_count: int = Field(5, ge=1, le=1000, description="number of renamed log files that are kept")

    @property
    def is_development(self) -> bool:
        return self.environment is Environment.DEVELOPMENT


class Settings(LogSettings):
    """All settings. Errors are those of LogSettings."""

    def __init__(self, **values: Any) -> None:  # otherwise mypy derives the arguments from the fields
        super().__init__(**values)

    storage: str = Field(
        "sql",
        pattern=r"^(sql|memory|[\w.]+:\w+)$",
        description="sql, memory, or a storage class of your own: package.module:Class",
    )
    database_url: DatabaseUrl = Field(
        f"sqlite+aiosqlite:///{DATA}/task-manager.db",
        pattern=r"^(sqlite\+aiosqlite:///.+|postgresql\+asyncpg://.+)$",
        description="sqlite+aiosqlite:///path or postgresql+asyncpg://user:password@host:port/name",
    )
    redis_url: RedisUrl | None = Field(
        None,
        pattern=r"^(redis|rediss|unix)://.+",
        description="redis://host:port/0; without it each process has its own rate limits and cache of totals",
    )
    secret_key: Key | None = Field(
        None,
        description="signs access tokens, at least 32 characters; outside production one is created and stored",
    )
    secret_keys: Keys = Field(
        {},
        description='other keys that verify tokens, to change SECRET_KEY: JSON by key id, like {"2": "…"}',
    )
    secret_key_id: str = Field("1", pattern=r"^[\w.-]{1,40}$", description="key id (kid) of SECRET_KEY")
    access_token_expire_minutes: int = Field(15, ge=1, le=10_080, description="lifetime of access tokens in minutes")
    refresh_token_expire_days: int = Field(7, ge=1, le=365, description="days from login until the session expires")
    password_policy: PasswordRule = Field(PasswordRule.SPECIFICATION, description="specification or nist")
    public_url: Origin | None = Field(None, description="base URL of links in mails; by default http://HOST:PORT")
    mail_url: MailUrl = Field(
        "console:",
        pattern=r"^(console:$|smtps?://.+|file:///.+)",
        description="smtp://user:password@host (STARTTLS), smtps://user:password@host, file:///folder, or console: "
        "outside production",
    )
    mail_from: Sender = Field("Task Manager <noreply@example.com>", description="sender of all mails")
    files_url: str = Field(
        f"file:{DATA}/files",
        pattern=r"^(file:///.+|file:[^/].*|s3://[^/].*)$",
        description="where file contents are stored: file:folder, file:///folder or s3://bucket/prefix",
    )
    files_quota_bytes: int = Field(
        100 * 1024 * 1024, ge=0, description="maximum bytes of all files of one user, each in blocks of 4096"
    )
    audit_days: int = Field(365, ge=1, le=3650, description="days after which security events are deleted")
    jobs_in_process: bool = Field(True, description="whether serve runs jobs, like `task-manager worker`")
    job_lease_seconds: int = Field(
        30, ge=1, le=3600, description="seconds after which other workers take over the jobs of a killed worker"
    )
    allowed_origins: Origins = Field((), description="allowed CORS origins, separated by commas or as a JSON list")
    trusted_hosts: Hosts = Field(
        ("*",), description="accepted Host names, separated by commas; *.example.com for subdomains, * for any"
    )
    trusted_proxies: Networks = Field(
        (), description="networks whose X-Forwarded-For and X-Forwarded-Proto headers are used, separated by commas"
    )
    force_https: bool = Field(False, description="whether HTTP requests are redirected to HTTPS, except health checks")
    max_body_bytes: int = Field(4 * 1024 * 1024, ge=1024, description="maximum size of a request body, in bytes")
    max_connections: int = Field(
        2000,
        ge=1,
        le=100_000,
        description="open connections of one process; above that, new ones serve only health checks",
    )
    require_if_match: bool = Field(False, description="whether changes of a task or user require an If-Match header")
    rate_limit_enabled: bool = Field(True, description="whether requests are rate-limited")
    rate_limit_read: Rate = Field("600/minute", description="read requests per user, or per address without login")
    rate_limit_write: Rate = Field("120/minute", description="write requests per user, or per address without login")
    rate_limit_login: Rate = Field(
        "10/minute", description="logins per address, and wrong passwords per account and address"
    )
    rate_limit_register: Rate | None = Field(
        None, description="registrations per address; by default 10/hour, in development 100/hour"
    )
    rate_limit_export: Rate = Field("10/hour", description="exports per user")
    audit_log: str | None = Field(
        None,
        min_length=1,
        description="file to which security events are appended, as JSON lines; by default the standard output",
    )
    migrate_on_start: bool = Field(False, description="whether serve migrates the database before it starts")
    host: str = Field("127.0.0.1", min_length=1, description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on")
    worker_port: int | None = Field(
        None, ge=0, le=65535, description="port on which worker responds to /health and /metrics; by default none"
    )
    workers: int = Field(1, ge=1, le=64, description="number of server processes")
    root_path: str = Field(
        "",
        pattern=r"^(/[A-Za-z0-9._~-]+)*$",
        description="path of the service in URLs that a proxy strips, like /tasks",
    )

    @model_validator(mode="after")
    def _check_production(self) -> Self:
        if self.environment is Environment.PRODUCTION:
            for name in ("secret_key", "database_url", "allowed_origins", "mail_url"):
                if name not in self.model_fields_set or not getattr(self, name):
                    raise ValueError(f"{name.upper()} must be set in production")
            if self.mail_url == "console:":
                raise ValueError(
                    "MAIL_URL must not be console: in production: mails contain links that reset passwords"
                )
            for name, keys in (("SECRET_KEY", [self.secret_key]), ("SECRET_KEYS", self.secret_keys.values())):
                if any(key is not None and _is_weak(key.get_secret_value()) for key in keys):
                    raise ValueError(f"{name} must be random in production")
        return self

    @model_validator(mode="after")
    def _check_key_ids(self) -> Self:
        if self.secret_keys.get(self.secret_key_id, self.secret_key) != self.secret_key:
            raise ValueError("SECRET_KEYS must not contain another key under the id of SECRET_KEY, SECRET_KEY_ID")
        return self

    @property
    def public_origin(self) -> str:
        """The base URL of links in mails."""
        return self.public_url or local_url(self.host, self.port)

    @property
    def signing_keys(self) -> dict[str, str]:
        """All keys by key id. The key of `secret_key_id` signs; the others only verify."""
        current = self.secret_key.get_secret_value() if self.secret_key else load_or_create_key(DATA / "secret.key")
        return {kid: key.get_secret_value() for kid, key in self.secret_keys.items()} | {self.secret_key_id: current}

    @property
    def rate_limit_register_or_default(self) -> str:
        """The limit of registrations, which depends on the environment if it is not set."""
        return self.rate_limit_register or ("100/hour" if self.is_development else "10/hour")

    def rate(self, name: str) -> RateLimit:
        text = self.rate_limit_register_or_default if name == "register" else getattr(self, f"rate_limit_{name}")
        amount, _, unit = text.partition("/")
        return RateLimit(name, int(amount), SECONDS[unit])
