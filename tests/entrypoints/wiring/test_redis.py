import pytest

from entrypoints.setting_types import SettingsError
from entrypoints.wiring.adapters import create_redis
from tests.entrypoints.http.conftest import settings_of


@pytest.mark.parametrize("query", ["canary=1", "db=canary", "socket_timeout=canary"])
def test_a_url_with_wrong_parameters_is_refused_without_its_values(query: str) -> None:
    with pytest.raises(SettingsError, match=r"^REDIS_URL has an unknown parameter, or one with a wrong value$"):
        create_redis(settings_of(redis_url=f"redis://127.0.0.1/0?{query}"))


def test_a_url_with_known_parameters_is_accepted_without_connecting() -> None:
    assert create_redis(settings_of(redis_url="redis://127.0.0.1:1/0?db=3&health_check_interval=10")) is not None
