"""Checks of every response: conventions of the API, and the OpenAPI document."""

import re
from functools import cache
from typing import Any, Final
from urllib.parse import unquote

import jsonschema_rs
from httpx2 import Request, Response

from tests.architecture.test_errors import CODES
from tests.entrypoints.http.declarations import inlined

MEMBERS: Final = {"type", "title", "status", "detail", "instance", "error_code", "request_id"}
EXTENSIONS: Final = {
    "VALIDATION_FAILED": {"errors"},
    "WEAK_PASSWORD": {"errors"},
    "INVALID_RESET_TOKEN": {"errors"},
    "EMPTY_FILE": {"errors"},
    "USERNAME_TAKEN": {"field"},
    "EMAIL_TAKEN": {"field"},
}
OWN_HEADERS: Final = {
    401: ("WWW-Authenticate", 'Bearer( error="invalid_token", error_description="token is expired")?'),
    405: ("Allow", r"[A-Z]+(, [A-Z]+)*"),
    416: ("Content-Range", r"bytes \*/\d+"),
    429: ("Retry-After", r"\d+"),
    503: ("Retry-After", r"\d+"),
}
REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
OF_THE_MESSAGE: Final = {"content-type", "content-length", "connection"}


class Conventions:
    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document = inlined(document)
        self._templates = [(_pattern(path), path) for path in sorted(document["paths"], key=lambda path: "{" in path)]
        self._validator = cache(self._new_validator)

    @property
    def operations(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return the method, the path template and the declaration of each operation."""
        return [
            (method.upper(), path, operation)
            for path, operations in self.document["paths"].items()
            for method, operation in operations.items()
        ]

    async def check(self, response: Response) -> None:
        await response.aread()
        assert REQUEST_ID.fullmatch(response.headers["X-Request-ID"])
        is_report = (response.request.url.path, response.status_code) == ("/monitoring/health", 503)
        if response.status_code >= 400 and response.request.method != "HEAD" and not is_report:
            _check_problem(response)
        operation = self._operation(response.request)
        if operation is not None and response.status_code != 428:  # which depends on a setting
            self._check_declared(response, operation["responses"])

    def _operation(self, request: Request) -> dict[str, Any] | None:
        for pattern, template in self._templates:
            if pattern.fullmatch(request.url.path):
                method = "GET" if request.method == "HEAD" else request.method  # it has the same headers
                operation: dict[str, Any] | None = self.document["paths"][template].get(method.lower())
                return operation
        return None

    def _check_declared(self, response: Response, declared: dict[str, Any]) -> None:
        status = str(response.status_code)
        assert status in declared, f"{response.request.method} {response.request.url.path}: {status} is not declared"
        headers = {name.lower() for name in declared[status]["headers"]} | OF_THE_MESSAGE
        assert set(response.headers) <= headers, f"{set(response.headers) - headers} not declared for {status}"
        if "content" not in declared[status]:
            assert response.content == b""
            return
        if "x-error-codes" in declared[status] and response.request.method != "HEAD":
            assert response.json()["error_code"] in declared[status]["x-error-codes"]
        media_type, content = response.headers["Content-Type"], declared[status]["content"]
        schema = content[media_type if media_type in content else media_type.partition(";")[0]].get("schema")
        if response.request.method == "HEAD":
            assert response.content == b""
        elif schema is None:
            assert response.headers["Content-Disposition"].startswith("attachment;")  # content of any type
        elif media_type.startswith("text/"):
            assert schema == {"type": "string"}
        else:
            self._validator(schema["$ref"]).validate(response.json())

    def _new_validator(self, reference: str) -> jsonschema_rs.Draft202012Validator:
        schema = {"$ref": reference, "components": self.document["components"]}
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)))


def _check_problem(response: Response) -> None:
    status, problem = response.status_code, response.json()
    assert response.headers["Content-Type"] == "application/problem+json"
    assert problem["error_code"] in CODES[status]
    assert set(problem) - {"task_ids"} == MEMBERS | EXTENSIONS.get(problem["error_code"], set())
    assert ("task_ids" in problem) == (status == 404 and response.request.url.path.endswith("/bulk"))
    assert problem["type"] == "about:blank"
    assert problem["status"] == status
    assert problem["request_id"] == response.headers["X-Request-ID"]
    assert unquote(problem["instance"]) == response.request.url.path
    for error in problem.get("errors", []):
        assert set(error) == {"loc", "message", "type"}
    name, pattern = OWN_HEADERS.get(status, ("", ""))
    for own, _ in OWN_HEADERS.values():
        assert (own in response.headers) == (own == name)
    assert not name or re.fullmatch(pattern, response.headers[name])
