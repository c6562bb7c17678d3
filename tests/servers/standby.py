import subprocess

from tests.servers import installation
from tests.servers.postgres import TIMEOUT, PostgresServer


class StandbyServer(PostgresServer):
    """A streaming copy of a running server, which can become the primary."""

    def __init__(self, primary: PostgresServer) -> None:
        super().__init__()
        self._primary = primary

    def promote(self) -> None:
        """Become the primary. Wait until writes are accepted."""
        self._run_program("pg_ctl", "promote", "-D", str(self._data), "--wait", f"--timeout={TIMEOUT:.0f}")

    def _initialize(self) -> None:
        source = self._primary.url("postgres").replace("+asyncpg", "")
        options = ["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        self._run_program("pg_basebackup", "-D", str(self._data), "-d", source, *options)

    def _run_program(self, name: str, *arguments: str) -> None:
        uid, gid = self._account
        subprocess.run(
            [self._programs / name, *arguments],
            user=uid,
            group=gid,
            cwd=self._directory,
            env=installation.ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            check=True,
        )
