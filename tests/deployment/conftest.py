import shutil
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from tests.deployment.files import instructions
from tests.deployment.wheel import install_wheel


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of a wheel that is built from the files of the image."""
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("made")
    for name, rest in instructions():
        if name == "COPY" and not rest.startswith(("--from", "locks")):
            for part in rest.split()[:-1]:
                copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
                copy(ROOT / part, source / part)
    return install_wheel(source, made)
