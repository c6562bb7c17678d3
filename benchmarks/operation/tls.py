"""TLS with a private authority between the service and PgBouncer. The PostgreSQL of the tests is built without TLS."""

import os
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.operation.load import Load
from benchmarks.operation.result import Result, result_of
from benchmarks.operation.system import running_system
from tests.servers.certificates import self_signed
from tests.servers.installation import unprivileged_account
from tests.servers.postgres import PostgresServer


def verify_certificates(clients: int) -> Result:
    """Connect with `sslmode=verify-full`. A server with a certificate of another authority must be refused."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory()))
        directory.chmod(0o755)
        own, other = (directory / f"{name}.pem" for name in ("own", "other"))
        for file in (own, other):
            file.write_bytes(b"".join(self_signed("127.0.0.1")))
            file.chmod(0o600)
            os.chown(file, *unprivileged_account())
        bouncer = {"client_tls_sslmode": "require", "client_tls_cert_file": str(own), "client_tls_key_file": str(own)}
        parameters = {"sslmode": "verify-full", "sslrootcert": str(own)}
        postgres = stack.enter_context(PostgresServer())
        system = stack.enter_context(running_system(postgres, bouncer_settings=bouncer, bouncer_parameters=parameters))
        with Load(system.url, clients) as load:
            time.sleep(4)
        result = result_of(system, load)
        try:
            system.run("migrate", url=system.settings["DATABASE_URL"].replace(own.name, other.name))
            result.broken.append("the certificate of another authority is trusted")
        except RuntimeError as error:
            if "certificate verify failed" not in str(error):
                result.broken.append(f"the reason of the refusal is not clear: {error}")
        return result
