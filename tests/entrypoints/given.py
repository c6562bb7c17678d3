"""Settings for tests of the entrypoints."""

from typing import Any, Final

from entrypoints.settings import Settings

KEY: Final = "a key for tests that is longer than 32 bytes"


def load_settings(**overrides: Any) -> Settings:
    """Read settings from the environment and `.env`. Arguments have priority."""
    return Settings(**overrides)


def make_settings(**overrides: Any) -> Settings:
    """Create settings with a secret key, without `.env`."""
    return load_settings(_env_file=None, **{"secret_key": KEY, **overrides})
