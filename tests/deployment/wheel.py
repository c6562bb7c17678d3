import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

TIMEOUT: Final = 120.0


def run(*command: str | Path, where: Path) -> str:
    """Run a command and return its output."""
    given = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        command, cwd=where, env=given, check=True, capture_output=True, text=True, timeout=TIMEOUT
    ).stdout


def install_wheel(source: Path, made: Path) -> Path:
    """Build a wheel and install it into an environment in `made`. Return the folder of its commands.

    The dependencies are those of the tests.
    """
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", made, where=source)
    run(sys.executable, "-m", "venv", "--without-pip", made / "venv", where=made)
    programs = made / "venv/bin"
    wheel = next(made.glob("*.whl"))
    uv = Path(sys.executable).with_name("uv")
    run(uv, "pip", "install", "--python", programs / "python", "--no-deps", "--offline", wheel, where=made)
    own = run(programs / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", where=made)
    Path(own.strip(), "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return programs
