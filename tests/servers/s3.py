import logging
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx2
from moto.server import ThreadedMotoServer

REGION = "us-east-1"


@contextmanager
def s3_server() -> Iterator[str]:
    """Run an S3 server without access control. Yield its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def environment(address: str) -> dict[str, str]:
    """Return the environment variables for a client."""
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "any-key",
        "AWS_SECRET_ACCESS_KEY": "any-secret",
        "AWS_REGION": REGION,
    }


def new_bucket(address: str) -> str:
    """Create a bucket and return its name."""
    name = f"files-{uuid4()}"
    answer = httpx2.put(f"{address}/{name}", trust_env=False)
    assert answer.status_code == 200, answer.text
    return name
