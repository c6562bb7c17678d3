from enum import StrEnum
from pathlib import Path
from secrets import token_hex
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DATA = Path("data")


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TESTING = "testing"
    PRODUCTION = "production"


class PasswordRule(StrEnum):
    SPECIFICATION = "specification"
    NIST = "nist"


class Settings(BaseSettings):
    """Environment variables of the same names, in capitals, or lines of `.env`. A wrong one stops the start."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    environment: Environment = Field(Environment.DEVELOPMENT, description="development, testing or production")
    storage: str = Field(
        "sql",
        pattern=r"^(sql|memory|[\w.]+:\w+)$",
        description="sql, memory, or a class of yours: package.module:Class",
    )
    database_url: str = Field(
        f"sqlite+aiosqlite:///{DATA}/task-manager.db",
        pattern=r"^(sqlite\+aiosqlite:///.+|postgresql\+asyncpg://.+)$",
        description="sqlite+aiosqlite:///path or postgresql+asyncpg://user:password@host:port/name",
    )
    secret_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="signs access tokens, 32 bytes or more; outside production one is made and kept",
    )
    access_token_expire_minutes: int = Field(15, ge=1, le=1440, description="minutes")
    password_policy: PasswordRule = Field(PasswordRule.SPECIFICATION, description="specification or nist")
    max_body_bytes: int = Field(4 * 1024 * 1024, ge=1024, description="bytes of a request's body")
    require_if_match: bool = Field(False, description="whether a change of one task must name the version it changes")
    migrate_on_start: bool = Field(False, description="whether serve migrates the database first")
    host: str = Field("127.0.0.1", description="address to listen at")
    port: int = Field(8000, ge=0, le=65535, description="port to listen at")
    workers: int = Field(1, ge=1, le=64, description="processes that serve")

    @model_validator(mode="after")
    def _refuse_what_production_must_not_have(self) -> Self:
        if self.environment is Environment.PRODUCTION:
            for name in ("secret_key", "database_url"):
                if name not in self.model_fields_set:
                    raise ValueError(f"{name.upper()} must be set in production")
        return self

    @property
    def signing_key(self) -> str:
        return self.secret_key.get_secret_value() if self.secret_key else kept_key(DATA / "secret.key")


def kept_key(path: Path) -> str:
    """The key in this file, made at first use; the first of several processes makes it for all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.touch(0o600, exist_ok=False)
    except FileExistsError:
        return path.read_text()
    path.write_text(token_hex(32))
    return path.read_text()
