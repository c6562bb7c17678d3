"""The command `task-manager`."""

import sys

from entrypoints.setting_types import SettingsError
from entrypoints.wiring.extras import needing_extra


def main() -> None:
    """Run the command of this process."""
    try:
        with needing_extra("the command task-manager"):
            from entrypoints.cli.main import main as run_command
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the modules that print are missing
        sys.exit(2)
    run_command()


if __name__ == "__main__":
    main()
