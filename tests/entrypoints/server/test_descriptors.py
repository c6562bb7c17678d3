import resource
import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT


@pytest.mark.parametrize(
    ("soft", "hard", "printed"),
    [(256, 100_000, "2000 4192"), (256, 1024, "416 1024"), (8000, 8000, "2000 8000"), (64, 64, "1 64")],
)
def test_the_limit_of_connections_follows_the_limit_of_descriptors(soft: int, hard: int, printed: str) -> None:
    program = (
        "from entrypoints.server.descriptors import connection_limit; import resource;"
        "print(connection_limit(2000), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    hard = min(hard, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, hard), hard)),
    )

    assert result.stdout.split() == printed.split()
