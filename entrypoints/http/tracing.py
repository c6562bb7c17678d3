from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace

from entrypoints.http.framework.mounting import path_below_root
from entrypoints.http.middleware.host_and_https import PROBES


def tracing() -> TelemetryConfig:
    """Return the telemetry configuration: request spans, if an OpenTelemetry SDK and an exporter are configured.

    A tracer provider that already exists, for example from `opentelemetry-instrument`, exports by itself. Metrics have
    their own endpoint, and the log records of the library would contain exception messages.
    """
    return {
        "tracing": True,
        "metrics": False,
        "logs": False,
        "auto_configure": isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider),
        "exclude": lambda scope: path_below_root(scope).startswith(PROBES),
    }
