"""The process of the command `task-manager`."""

import sys

from entrypoints.private_files import keep_files_private
from entrypoints.streams import discard_unwritten_output, escape_unencodable, open_closed_streams


def main() -> None:
    """Run the command of this process. Ctrl+C ends it with one line, also while modules load."""
    try:
        open_closed_streams()
        escape_unencodable(sys.stdout, sys.stderr)
        keep_files_private()
        from entrypoints.cli.app import app  # takes most of the time of a short command

        app()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    finally:
        discard_unwritten_output()
