"""Runs a command as another user until told by a line on standard input: `keeper.py UID GID COMMAND…`.

If the input ends instead, whoever wanted the command has died: it is stopped too, and the directory it ran in removed.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

# To PostgreSQL: hang up on the clients; leave at once; and what nobody can ignore.
ORDERS = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
PATIENCE = 10
"""Seconds, for each of them."""


def main(uid: str, gid: str, *command: str) -> None:
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, user=int(uid), group=int(gid))
    is_orphaned = Event()
    Thread(target=_leave_after, args=[server, is_orphaned]).start()
    if not sys.stdin.readline():
        is_orphaned.set()
    for order in ORDERS:
        server.send_signal(order)
        try:
            server.wait(PATIENCE)
            return
        except subprocess.TimeoutExpired:
            continue


def _leave_after(server: subprocess.Popen[bytes], is_orphaned: Event) -> None:
    server.wait()
    if is_orphaned.is_set():
        shutil.rmtree(Path.cwd(), ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
