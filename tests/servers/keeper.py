"""Run a command as another user until standard input has a line: `keeper.py UID GID COMMAND…`.

If standard input ends instead, the parent process has died: stop the command and remove its working directory.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

# For PostgreSQL: disconnect the clients and stop; stop immediately; stop by force.
SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
TIMEOUT = 10
"""Seconds after each signal."""


def main(uid: str, gid: str, *command: str) -> None:
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, user=int(uid), group=int(gid))
    is_orphaned = Event()
    Thread(target=_exit_after, args=[server, is_orphaned]).start()
    if not sys.stdin.readline():
        is_orphaned.set()
    for number in SIGNALS:
        server.send_signal(number)
        try:
            server.wait(TIMEOUT)
            return
        except subprocess.TimeoutExpired:
            continue


def _exit_after(server: subprocess.Popen[bytes], is_orphaned: Event) -> None:
    server.wait()
    if is_orphaned.is_set():
        shutil.rmtree(Path.cwd(), ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
