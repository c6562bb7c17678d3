"""Spans that a running service exports to a collector."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.entrypoints.http.given import LOGIN, PASSWORD, REGISTER, TASKS, an_account
from tests.entrypoints.http.service_process import ServerProcess, copy_of

pytestmark = pytest.mark.xdist_group("server")

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


class Collector(ThreadingHTTPServer):
    """An OTLP/HTTP collector that stores what it receives."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Intake)
        self.received: list[ExportTraceServiceRequest] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self.received
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def services(self) -> set[str]:
        return {
            attribute.value.string_value
            for request in self.received
            for resource in request.resource_spans
            for attribute in resource.resource.attributes
            if attribute.key == "service.name"
        }


class Intake(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/traces":
            self.server.received.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        yield collector
        collector.shutdown()


def test_spans_are_exported_to_the_configured_collector(
    tmp_path: Path, sqlite_template: Path, collector: Collector
) -> None:
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_SERVICE_NAME": "example-service"}
    with ServerProcess(tmp_path, copy_of(sqlite_template, tmp_path), 1, **variables) as server:
        with httpx2.Client(base_url=server.url, trust_env=False) as client:
            client.post(REGISTER, json=an_account("ann"))
            login = client.post(LOGIN, json={"username": "ann", "password": PASSWORD}).json()
            client.headers["Authorization"] = f"Bearer {login['access_token']}"
            client.headers["traceparent"] = f"00-{TRACE}-{PARENT}-01"
            task = client.post(TASKS, json={"title": "canary"}).json()
            client.get(f"{TASKS}/{task['id']}")
            client.get("/monitoring/health")
        server.stop()

    assert collector.services == {"example-service"}
    served = [span for span in collector.spans if span.kind == Span.SPAN_KIND_SERVER]
    names = {span.name: span for span in served}
    assert {f"POST {TASKS}", f"GET {TASKS}/{{task_id}}", f"POST {LOGIN}"} <= set(names)
    assert {span.name for span in served if "health" in span.name} == set()
    assert names[f"POST {TASKS}"].trace_id.hex() == TRACE
    assert names[f"POST {TASKS}"].parent_span_id.hex() == PARENT
    sent = "".join(map(str, collector.received))
    for secret in (PASSWORD, login["access_token"], "canary"):
        assert secret not in sent


def test_an_unreachable_collector_does_not_affect_requests(tmp_path: Path, sqlite_template: Path) -> None:
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    with ServerProcess(tmp_path, copy_of(sqlite_template, tmp_path), 1, **variables) as server:
        assert httpx2.post(f"{server.url}{REGISTER}", json=an_account("ann"), trust_env=False).status_code == 201
        server.stop()
