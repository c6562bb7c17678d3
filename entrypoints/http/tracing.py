from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace

from entrypoints.http.middleware.host_and_https import PROBES


def tracing() -> TelemetryConfig:
    """Spans of requests, where an OpenTelemetry SDK is installed and OTEL_EXPORTER_OTLP_ENDPOINT says where to.

    What was set up before us, as by `opentelemetry-instrument`, exports by itself. Metrics are told elsewhere, and the
    library's logs would hold the messages of exceptions.
    """
    return {
        "tracing": True,
        "metrics": False,
        "logs": False,
        "auto_configure": isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider),
        "exclude": lambda scope: scope["path"].startswith(PROBES),
    }
