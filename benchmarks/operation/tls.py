"""TLS with a private authority between all parts and PostgreSQL."""

import os
import shutil
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.operation.load import Load
from benchmarks.operation.result import Result, result_of
from benchmarks.operation.system import running_system, select
from tests.servers.certificates import write_certificate
from tests.servers.installation import client_programs, unprivileged_account
from tests.servers.postgres import PostgresServer

WITHOUT_TLS: Final = """
    SELECT application_name FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE usename LIKE 'tasks%' AND NOT ssl
"""


def verify_certificates(clients: int) -> Result:
    """Use `sslmode=verify-full` for the service, PgBouncer and all commands. Refuse another authority."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory()))
        directory.chmod(0o755)
        server, authority, other = (directory / f"{name}.pem" for name in ("server", "authority", "other"))
        write_certificate(server, "127.0.0.1")
        write_certificate(other, "127.0.0.1")
        shutil.copy(server, authority)
        server.chmod(0o600)
        os.chown(server, *unprivileged_account())
        files = {"ssl": "on", "ssl_cert_file": str(server), "ssl_key_file": str(server)}
        postgres = stack.enter_context(PostgresServer(settings=files))
        bouncer = {
            "server_tls_sslmode": "verify-full",
            "server_tls_ca_file": str(authority),
            "client_tls_sslmode": "require",
            "client_tls_cert_file": str(server),
            "client_tls_key_file": str(server),
        }
        parameters = f"?sslmode=verify-full&sslrootcert={authority}"
        system = stack.enter_context(running_system(postgres, parameters=parameters, bouncer_settings=bouncer))
        system.settings["PATH"] = f"{client_programs()}:{os.environ['PATH']}"
        with Load(system.url, clients) as load:
            time.sleep(4)
            plain = select(system.owner_url, WITHOUT_TLS)
            system.run("backup", str(system.directory / "archive"), url=system.service_url)
        result = result_of(system, load)
        result.broken += [f"{name} connects without TLS" for name in plain]
        try:
            system.run("migrate", url=system.owner_url.replace(str(authority), str(other)))
            result.broken.append("migrate trusts another authority")
        except RuntimeError as error:
            if "certificate verify failed" not in str(error):
                result.broken.append(f"migrate does not say that the certificate is not trusted: {error}")
        return result
