"""Caddy or nginx in front of two instances, with the shipped configuration."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from threading import Thread
from typing import Final

import typer

from benchmarks.operation.programs import TIMEOUT, wait_until_available
from benchmarks.servers import ROOT
from tests.servers.ports import free_port

ADDRESSES: Final = ("127.0.0.1", "127.0.0.2")
"""The addresses of the two instances, which listen on the same port, like two containers."""

OLDEST_CADDY: Final = (2, 11)

NGINX: Final = """
daemon off; worker_processes 1; pid {directory}/pid; error_log {directory}/log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
{shipped}
}}
"""


class Proxy(StrEnum):
    """The proxies that can be measured."""

    CADDY = "caddy"
    NGINX = "nginx"


@contextmanager
def running_proxy(proxy: Proxy, service_port: int, directory: Path, configuration: Path | None = None) -> Iterator[str]:
    """Run a proxy in front of the instances. Return its URL."""
    port, environment = free_port(), dict(os.environ)
    if proxy is Proxy.CADDY:
        require_current_caddy()
        shipped = (configuration or ROOT / "deploy" / "Caddyfile").read_text()
        resolver = f"dynamic a service {service_port} {{\n\t\t\tresolvers udp/127.0.0.1:{start_name_server()}"
        text = shipped.replace("{\n", "{\n\tadmin off\n", 1).replace("dynamic a service 8000 {", resolver)
        environment |= {"SITE": f"http://127.0.0.1:{port}", "XDG_DATA_HOME": str(directory), "HOME": str(directory)}
        command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(directory / "configuration")]
    else:
        shipped = (configuration or ROOT / "deploy" / "nginx.conf").read_text()
        shipped = re.sub(r"^ *ssl_.*\n", "", shipped, flags=re.MULTILINE)
        text = NGINX.format(directory=directory, shipped=shipped)
        for number, address in enumerate(ADDRESSES, start=1):
            text = text.replace(f"service-{number}:8000", f"{address}:{service_port}")
        text = text.replace("listen 80;", f"listen {free_port()};").replace("listen 443 ssl", f"listen {port}")
        command = ["nginx", "-c", str(directory / "configuration")]
    (directory / "configuration").write_text(text)
    with (directory / "proxy.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        try:
            wait_until_available(f"http://127.0.0.1:{port}/health")
        except TimeoutError:
            typer.echo((directory / "proxy.log").read_text(), err=True)
            raise
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(TIMEOUT)


def require_current_caddy() -> None:
    """Check the version of Caddy.

    Raises:
        RuntimeError: It is older than the one that was measured. Version 2.6 of Debian 12 does not repeat a POST.
    """
    version = subprocess.run(["caddy", "version"], check=True, capture_output=True, text=True).stdout.lstrip("v")
    if tuple(map(int, version.split(".")[:2])) < OLDEST_CADDY:
        raise RuntimeError(f"Caddy {version.split()[0]} is too old: put version 2.11 or later on the PATH")


def start_name_server() -> int:
    """Answer DNS queries for any IPv4 address with ADDRESSES, like Docker for the containers of a service."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            query, client = server.recvfrom(512)
            end = query.index(b"\0", 12) + 5
            question = query[12:end]
            records = [b"\xc0\x0c" + question[-4:] + b"\0\0\0\1\0\4" + socket.inet_aton(each) for each in ADDRESSES]
            records = records if question[-4:-2] == b"\0\1" else []
            counts = b"\0\1" + len(records).to_bytes(2, "big") + b"\0\0\0\0"
            server.sendto(query[:2] + b"\x81\x80" + counts + question + b"".join(records), client)

    Thread(target=serve, daemon=True).start()
    return int(server.getsockname()[1])
