import json
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import SecretStr, ValidationError

from application.platform.rate_limits import RateLimit
from entrypoints.settings import Environment, LogFormat, PasswordRule, Settings
from tests.entrypoints.given import KEY, load_settings

pytestmark = pytest.mark.usefixtures("empty_directory")

POSTGRES: Final = "postgresql+asyncpg://ann:canary@localhost:5432/tasks"

DEFAULTS: Final[dict[str, Any]] = {
    "environment": Environment.DEVELOPMENT,
    "storage": "sql",
    "database_url": "sqlite+aiosqlite:///data/task-manager.db",
    "secret_key": None,
    "access_token_expire_minutes": 15,
    "redis_url": None,
    "secret_keys": {},
    "secret_key_id": "1",
    "refresh_token_expire_days": 7,
    "password_policy": PasswordRule.SPECIFICATION,
    "public_url": None,
    "mail_url": "console:",
    "jobs_in_process": True,
    "job_lease_seconds": 30,
    "mail_from": "Task Manager <noreply@example.com>",
    "files_url": "file:data/files",
    "files_quota_bytes": 100 * 1024 * 1024,
    "audit_days": 365,
    "allowed_origins": (),
    "trusted_hosts": ("*",),
    "trusted_proxies": (),
    "force_https": False,
    "rate_limit_enabled": True,
    "rate_limit_read": "600/minute",
    "rate_limit_write": "120/minute",
    "rate_limit_login": "10/minute",
    "rate_limit_register": None,
    "rate_limit_export": "10/hour",
    "log_level": "INFO",
    "log_format": None,
    "log_file": None,
    "log_file_bytes": 10 * 1024 * 1024,
    "log_file_count": 5,
    "audit_log": None,
    "max_body_bytes": 4 * 1024 * 1024,
    "max_connections": 2000,
    "require_if_match": False,
    "migrate_on_start": False,
    "host": "127.0.0.1",
    "port": 8000,
    "worker_port": None,
    "workers": 1,
    "root_path": "",
}

CHANGED: Final[dict[str, tuple[str, Any]]] = {
    "ENVIRONMENT": ("testing", Environment.TESTING),
    "STORAGE": ("memory", "memory"),
    "DATABASE_URL": (POSTGRES, POSTGRES),
    "SECRET_KEY": (KEY, SecretStr(KEY)),
    "ACCESS_TOKEN_EXPIRE_MINUTES": ("10080", 10_080),
    "REDIS_URL": ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
    "SECRET_KEYS": (f'{{"old": "{KEY}"}}', {"old": SecretStr(KEY)}),
    "SECRET_KEY_ID": ("2026", "2026"),
    "REFRESH_TOKEN_EXPIRE_DAYS": ("30", 30),
    "PASSWORD_POLICY": ("nist", PasswordRule.NIST),
    "PUBLIC_URL": ("https://tasks.example.com", "https://tasks.example.com"),
    "MAIL_URL": ("smtp://mail.example.com:587", "smtp://mail.example.com:587"),
    "JOBS_IN_PROCESS": ("false", False),
    "JOB_LEASE_SECONDS": ("5", 5),
    "MAIL_FROM": ("tasks@example.com", "tasks@example.com"),
    "FILES_URL": ("s3://bucket/prefix", "s3://bucket/prefix"),
    "FILES_QUOTA_BYTES": ("1000", 1000),
    "AUDIT_DAYS": ("30", 30),
    "ALLOWED_ORIGINS": ("https://a.example, https://b.example", ("https://a.example", "https://b.example")),
    "TRUSTED_HOSTS": ("tasks.example.com,*.example.org", ("tasks.example.com", "*.example.org")),
    "TRUSTED_PROXIES": ("10.0.0.0/8", (ip_network("10.0.0.0/8"),)),
    "FORCE_HTTPS": ("true", True),
    "RATE_LIMIT_ENABLED": ("false", False),
    "RATE_LIMIT_READ": ("60/minute", "60/minute"),
    "RATE_LIMIT_WRITE": ("10/minute", "10/minute"),
    "RATE_LIMIT_LOGIN": ("5/hour", "5/hour"),
    "RATE_LIMIT_REGISTER": ("1/day", "1/day"),
    "RATE_LIMIT_EXPORT": ("1/day", "1/day"),
    "LOG_LEVEL": ("DEBUG", "DEBUG"),
    "LOG_FORMAT": ("json", LogFormat.JSON),
    "LOG_FILE": ("/var/log/tasks.log", "/var/log/tasks.log"),
    "LOG_FILE_BYTES": ("4096", 4096),
    "LOG_FILE_COUNT": ("10", 10),
    "AUDIT_LOG": ("/var/log/audit.log", "/var/log/audit.log"),
    "MAX_BODY_BYTES": ("1024", 1024),
    "MAX_CONNECTIONS": ("10", 10),
    "REQUIRE_IF_MATCH": ("true", True),
    "MIGRATE_ON_START": ("true", True),
    "HOST": ("0.0.0.0", "0.0.0.0"),
    "PORT": ("8080", 8080),
    "WORKER_PORT": ("8001", 8001),
    "WORKERS": ("4", 4),
    "ROOT_PATH": ("/tasks/api", "/tasks/api"),
}

INVALID: Final = {
    ("ENVIRONMENT", "canary"),
    ("STORAGE", "canary-"),
    ("STORAGE", "canary.module:"),
    ("DATABASE_URL", "mysql://canary"),
    ("DATABASE_URL", "postgresql://ann:canary@localhost/tasks"),
    ("DATABASE_URL", "sqlite:///canary.db"),
    ("DATABASE_URL", "postgresql+asyncpg://localhost:canary/tasks"),
    ("DATABASE_URL", "postgresql+asyncpg://ann:p#ss/@localhost:65536/tasks"),
    ("DATABASE_URL", "postgresql+asyncpg://ann:p@canary@localhost/tasks"),
    ("DATABASE_URL", "postgresql+asyncpg://ann:p@canary/s:s@localhost:5432/tasks"),
    ("DATABASE_URL", "postgresql+asyncpg://ann:p@ss:canary@localhost/tasks"),
    ("DATABASE_URL", "postgresql+asyncpg://ann:p@ss?canary@localhost/tasks"),
    ("SECRET_KEY", "canary"),
    ("SECRET_KEY", "canary" + 25 * "-"),
    ("SECRET_KEYS", "canary"),
    ("SECRET_KEYS", '["canary"]'),
    ("SECRET_KEYS", '{"old": "canary"}'),
    ("SECRET_KEY_ID", "canary canary"),
    ("ACCESS_TOKEN_EXPIRE_MINUTES", "0"),
    ("ACCESS_TOKEN_EXPIRE_MINUTES", "10081"),
    ("ACCESS_TOKEN_EXPIRE_MINUTES", "canary"),
    ("PASSWORD_POLICY", "canary"),
    ("REDIS_URL", "http://canary"),
    ("REDIS_URL", "redis://:canary/1@127.0.0.1"),
    ("REDIS_URL", "redis://canary:1?@127.0.0.1"),
    ("REDIS_URL", "redis://127.0.0.1:65536"),
    ("REDIS_URL", "redis://127.0.0.1/canary"),
    ("REFRESH_TOKEN_EXPIRE_DAYS", "0"),
    ("PUBLIC_URL", "https://canary/path"),
    ("MAIL_URL", "canary:"),
    ("MAIL_URL", "smtp://mail.example.com:canary"),
    ("MAIL_URL", "smtp://ann:canary#1@mail.example.com"),
    ("MAIL_URL", "smtp://canary:25/@mail.example.com"),
    ("MAIL_URL", "smtp://:canary@"),
    ("MAIL_FROM", "canary"),
    ("MAIL_FROM", "canary@"),
    ("MAIL_FROM", "canary, Inc. <canary@example.com>"),
    ("MAIL_FROM", "canary@example.com, ben@example.com"),
    ("MAIL_FROM", "=?utf-8?q?canary=0D=0ABcc:ben?= <canary@example.com>"),
    ("MAIL_FROM", "canary\r\nBcc: <canary@example.com>"),
    ("FILES_URL", "canary:folder"),
    ("FILES_URL", "file://canary/folder"),
    ("FILES_URL", "s3:///canary"),
    ("FILES_QUOTA_BYTES", "-1"),
    ("AUDIT_DAYS", "0"),
    ("JOBS_IN_PROCESS", "canary"),
    ("JOB_LEASE_SECONDS", "0"),
    ("ALLOWED_ORIGINS", "canary"),
    ("ALLOWED_ORIGINS", "*"),
    ("ALLOWED_ORIGINS", "https://canary/"),
    ("ALLOWED_ORIGINS", "https://ann@canary"),
    ("ALLOWED_ORIGINS", "https://canary:65536"),
    ("ALLOWED_ORIGINS", "https://canary.example\n.test"),
    ("ALLOWED_ORIGINS", "https://canary_\u2488.example"),
    ("ALLOWED_ORIGINS", '["https://a.example", "canary"]'),
    ("ALLOWED_ORIGINS", '["https://canary.example"'),
    ("ALLOWED_ORIGINS", "[1]"),
    ("TRUSTED_HOSTS", ""),
    ("TRUSTED_HOSTS", "[]"),
    ("TRUSTED_HOSTS", "https://canary"),
    ("TRUSTED_HOSTS", "canary:8000"),
    ("TRUSTED_HOSTS", "canary.*"),
    ("TRUSTED_PROXIES", "canary"),
    ("TRUSTED_PROXIES", "10.0.0.1/8"),
    ("FORCE_HTTPS", "canary"),
    ("RATE_LIMIT_ENABLED", "canary"),
    ("RATE_LIMIT_READ", "0/minute"),
    ("RATE_LIMIT_WRITE", "canary/minute"),
    ("RATE_LIMIT_LOGIN", "10/canary"),
    ("RATE_LIMIT_REGISTER", "10"),
    ("RATE_LIMIT_EXPORT", "10"),
    ("LOG_LEVEL", "canary"),
    ("LOG_FORMAT", "canary"),
    ("LOG_FILE", ""),
    ("LOG_FILE_BYTES", "0"),
    ("LOG_FILE_COUNT", "0"),
    ("AUDIT_LOG", ""),
    ("MAX_BODY_BYTES", "1023"),
    ("MAX_CONNECTIONS", "0"),
    ("REQUIRE_IF_MATCH", "canary"),
    ("MIGRATE_ON_START", "canary"),
    ("HOST", ""),
    ("PORT", "65536"),
    ("PORT", "-1"),
    ("PORT", "canary"),
    ("WORKER_PORT", "65536"),
    ("WORKERS", "0"),
    ("WORKERS", "65"),
    ("ROOT_PATH", "canary"),
    ("ROOT_PATH", "/canary/"),
}


ORIGINS: Final = {
    "https://App.Example.com": "https://app.example.com",
    "HTTPS://app.example.com:443": "https://app.example.com",
    "http://app.example.com:80": "http://app.example.com",
    "https://app.example.com:80": "https://app.example.com:80",
    "https://B\xfccher.example": "https://xn--bcher-kva.example",
    "https://stra\xdfe.example:8443": "https://xn--strae-oqa.example:8443",
    "http://[::1]:8000": "http://[::1]:8000",
}


@pytest.mark.parametrize(("text", "origin"), ORIGINS.items(), ids=ascii)
def test_origins_are_written_as_browsers_send_them(monkeypatch: pytest.MonkeyPatch, text: str, origin: str) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", text)
    monkeypatch.setenv("PUBLIC_URL", text)
    settings = load_settings()
    assert (settings.allowed_origins, settings.public_url) == ((origin,), origin)


def test_every_setting_is_tested_here() -> None:
    assert set(DEFAULTS) == {name.lower() for name in CHANGED} == set(Settings.model_fields)


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_every_setting_has_an_invalid_value() -> None:
    assert {name for name, _ in INVALID} == set(CHANGED)


def test_an_empty_environment_gives_the_defaults() -> None:
    assert load_settings().model_dump() == DEFAULTS


@pytest.mark.parametrize("name", CHANGED)
def test_an_environment_variable_sets_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw, value = CHANGED[name]
    monkeypatch.setenv(name, raw)

    assert load_settings().model_dump() == DEFAULTS | {name.lower(): value}


@pytest.mark.parametrize("name", CHANGED)
def test_a_line_of_the_env_file_sets_it(name: str, empty_directory: Path) -> None:
    raw, value = CHANGED[name]
    (empty_directory / ".env").write_text(f"# comment\n{name}={raw}\nUNKNOWN=1\n")

    assert load_settings().model_dump() == DEFAULTS | {name.lower(): value}


def test_the_environment_has_priority_over_the_env_file(empty_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_directory / ".env").write_text("PORT=1\nHOST=10.0.0.1\n")
    monkeypatch.setenv("PORT", "2")

    assert (load_settings().port, load_settings().host) == (2, "10.0.0.1")


@pytest.mark.parametrize(("name", "value"), sorted(INVALID))
def test_an_invalid_value_is_reported_by_name_but_not_shown(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError) as refused:
        load_settings()

    assert [error["loc"][0] for error in refused.value.errors()] == [name.lower()]
    assert "canary" not in str(refused.value)


def test_secrets_are_not_part_of_the_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", KEY)

    assert KEY not in repr(load_settings()) + str(load_settings()) + str(load_settings().model_dump())
    assert load_settings().signing_keys == {"1": KEY}


def test_two_keys_must_not_have_the_same_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", KEY)
    monkeypatch.setenv("SECRET_KEYS", json.dumps({"1": "canary " * 6}))

    with pytest.raises(ValidationError, match="SECRET_KEY_ID") as refused:
        load_settings()
    assert "canary" not in str(refused.value)


def test_an_empty_list_of_keys_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEYS", "")

    assert load_settings().secret_keys == {}


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        (
            "ALLOWED_ORIGINS",
            '["https://a.example", "https://B.example:443"]',
            ("https://a.example", "https://b.example"),
        ),
        ("ALLOWED_ORIGINS", "[]", ()),
        ("TRUSTED_HOSTS", ' ["a.example"]', ("a.example",)),
        ("TRUSTED_HOSTS", "[::1],a.example", ("[::1]", "a.example")),  # an address, not a JSON list
        ("TRUSTED_PROXIES", '["10.0.0.0/8"]', (ip_network("10.0.0.0/8"),)),
    ],
)
def test_a_list_is_given_with_commas_or_as_json(
    name: str, text: str, values: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, text)

    assert getattr(load_settings(), name.lower()) == values


@pytest.mark.parametrize(
    ("environment", "limit", "amount"),
    [("development", None, 100), ("testing", None, 10), ("production", None, 10), ("development", "7/hour", 7)],
)
def test_development_allows_more_registrations(
    environment: str, limit: str | None, amount: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (PRODUCTION | {"ENVIRONMENT": environment}).items():
        monkeypatch.setenv(name, value)
    if limit:
        monkeypatch.setenv("RATE_LIMIT_REGISTER", limit)

    assert load_settings().rate("register") == RateLimit("register", amount, 3600)


PRODUCTION: Final = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": KEY,
    "DATABASE_URL": POSTGRES,
    "ALLOWED_ORIGINS": "https://tasks.example.com",
    "MAIL_URL": "smtp://mail.example.com",
}


def test_production_accepts_complete_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)

    assert load_settings().environment is Environment.PRODUCTION


@pytest.mark.parametrize("missing", ["SECRET_KEY", "DATABASE_URL", "ALLOWED_ORIGINS", "MAIL_URL"])
def test_production_rejects_a_missing_setting(
    missing: str, monkeypatch: pytest.MonkeyPatch, empty_directory: Path
) -> None:
    for name, value in PRODUCTION.items():
        if name != missing:
            monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError, match=f"{missing} must be set"):
        load_settings()
    assert list(empty_directory.iterdir()) == []


@pytest.mark.parametrize(("name", "value"), [("SECRET_KEY", 40 * "x"), ("SECRET_KEYS", json.dumps({"old": 40 * "x"}))])
def test_production_rejects_a_key_that_is_not_random(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, text in (PRODUCTION | {name: value}).items():
        monkeypatch.setenv(variable, text)

    with pytest.raises(ValidationError, match=f"{name} must be random in production"):
        load_settings()


def test_production_does_not_print_mails_with_reset_links(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (PRODUCTION | {"MAIL_URL": "console:"}).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError, match="MAIL_URL must not be console: in production"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"), [("SECRET_KEY", ""), ("SECRET_KEY", 31 * "x"), ("DATABASE_URL", ""), ("MAIL_URL", "")]
)
def test_production_rejects_a_weak_or_empty_setting(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, text in (PRODUCTION | {name: value}).items():
        monkeypatch.setenv(variable, text)

    with pytest.raises(ValidationError) as refused:
        load_settings()
    assert [error["loc"] for error in refused.value.errors()] == [(name.lower(),)]


@pytest.mark.parametrize(
    ("values", "origin"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"HOST": "10.0.0.5", "PORT": "9000"}, "http://10.0.0.5:9000"),
        ({"HOST": "::", "PORT": "9000"}, "http://[::1]:9000"),
        ({"PORT": "9000", "PUBLIC_URL": "https://Tasks.example.com"}, "https://tasks.example.com"),
    ],
)
def test_links_in_mails_follow_host_and_port(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], origin: str
) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)

    assert Settings().public_origin == origin
