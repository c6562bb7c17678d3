"""One operation of the OpenAPI document: what follows from the traits of its route and from its docstring."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from entrypoints.http.framework.idempotency import idempotent_request
from entrypoints.http.framework.route import Route
from entrypoints.http.openapi import security
from entrypoints.http.openapi.docstrings import EndpointTexts
from entrypoints.http.openapi.errors import error_responses
from entrypoints.http.openapi.headers import ALL_RESPONSES, API_RESPONSES, STATUS_HEADERS, headers_named
from entrypoints.http.openapi.parameters import complete_parameters, query_parameters
from entrypoints.settings import Settings

JSON = "application/json"


def operation_id(route: Route, app: FastAPI) -> str:
    """Return the name of the endpoint, with the method if the endpoint has several."""
    twins = [other for other in app.routes if getattr(other, "endpoint", None) is route.endpoint]
    return route.name if len(twins) == 1 else f"{route.name}_by_{min(route.methods or ()).lower()}"


def complete(operation: dict[str, Any], route: Route, method: str, settings: Settings, schemas: dict[str, Any]) -> None:
    """Complete an operation that FastAPI has described."""
    responses = operation["responses"]
    success = responses[str(route.status_code or HTTPStatus.OK)]
    _add_texts(operation, success, route)
    _add_body(operation, route, settings)
    if route.query is not None:
        operation.setdefault("parameters", []).extend(query_parameters(route.query.model, schemas))
    complete_parameters(operation, route, method, settings)
    if route.requires_caller:
        operation["security"] = security.REQUIRED
    if route.example is not None and route.example.response is not None:
        success["content"][JSON]["example"] = route.example.response
    headers = success.setdefault("headers", {})
    if route.has_parameter(idempotent_request):
        headers |= headers_named("Idempotency-Replayed")
    if route.is_versioned:
        headers |= headers_named("ETag")
        if method == "GET":
            responses["304"] = {
                "description": "The client has this version already.",
                "headers": headers_named("ETag"),
            }
    if route.location is not None:
        headers |= headers_named("Location")
    responses |= error_responses(route, method, settings)
    _add_common_headers(responses, is_api=route.path.startswith("/api/"))


def _add_texts(operation: dict[str, Any], success: dict[str, Any], route: Route) -> None:
    texts = EndpointTexts.of(route.endpoint)
    operation["summary"] = texts.summary
    operation["description"] = texts.details
    if texts.returns:
        success["description"] = texts.returns
    elif route.status_code == HTTPStatus.NO_CONTENT:
        success["description"] = "The request is done. The response has no body."


def _add_body(operation: dict[str, Any], route: Route, settings: Settings) -> None:
    """Describe the limit of a body, which FastAPI does not know, and show the example."""
    if "requestBody" not in operation:
        return
    body = operation["requestBody"]
    if route.media_type is not None:
        limit = min(settings.max_body_bytes, route.max_body or settings.max_body_bytes)
        body["description"] = f"The body has at most {limit:,} bytes."
    if route.example is not None and route.example.body is not None:
        for content in body["content"].values():
            content["example"] = route.example.body


def _add_common_headers(responses: dict[str, Any], *, is_api: bool) -> None:
    always = headers_named(*ALL_RESPONSES, *(API_RESPONSES if is_api else ()))
    for status, response in responses.items():
        response["headers"] = response.get("headers", {}) | always | STATUS_HEADERS.get(int(status), {})
        if status == "204":
            response["headers"] |= headers_named("Set-Cookie")
