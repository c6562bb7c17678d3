from typing import Any, Final

from entrypoints.settings import Settings

KEY: Final = "a key for tests that is longer than 32 bytes"


def current_settings(**given: Any) -> Settings:
    """From the environment and `.env`, but for those given."""
    return Settings(**given)


def only(**given: Any) -> Settings:
    """These settings, a key, and nothing from `.env`."""
    return current_settings(_env_file=None, **{"secret_key": KEY, **given})
