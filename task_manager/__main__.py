"""The command `task-manager`."""

import sys


def main() -> None:
    """Run the command of this process."""
    try:
        from entrypoints.cli.main import main as run_command

        run_command()
    except ModuleNotFoundError as error:
        from entrypoints.wiring.extras import explanation  # imports the settings, which not every command needs

        if (reason := explanation("the command task-manager", error)) is None:
            raise
        print(reason, file=sys.stderr)  # noqa: T201 - the modules that print are missing
        sys.exit(2)


if __name__ == "__main__":
    main()
