"""The contracts of the ports as tests, for adapters of your own. They need the extra `testing`.

Subclass a contract in a test module, and override its fixture. The tests are coroutines: set `anyio_mode = auto` in the
configuration of pytest.
"""

import pytest

pytest.register_assert_rewrite(f"{__name__}.contracts")

from tests.contracts.files.file_store import FileStoreContract  # noqa: E402 - after the registration
from tests.contracts.platform.cache import CacheContract  # noqa: E402
from tests.contracts.storage import StorageContract  # noqa: E402
from tests.contracts.task_storage import TaskStorageContract  # noqa: E402

__all__ = ["CacheContract", "FileStoreContract", "StorageContract", "TaskStorageContract"]
