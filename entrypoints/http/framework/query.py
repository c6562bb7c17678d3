"""The query of a request: no unknown or repeated parameters, and lists of parameters as one model.

FastAPI ignores unknown parameters, and looks up each known one in every request.
"""

from collections import Counter, defaultdict
from typing import Any, Final, get_origin
from urllib.parse import unquote_to_bytes

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from entrypoints.http.framework.context import context_of
from entrypoints.http.framework.parameters import RequestParameter
from entrypoints.http.schemas.messages import unknown_name

MAX_QUERY: Final = 32 * 1024
"""Bytes: a search and 20 tags, with every character percent-encoded, and as much again."""
MAX_SUGGESTIONS: Final = 20
"""Unknown parameters for which a known one is suggested."""
MAX_PARAMETERS: Final = 150
"""As many tags as may be given, and every other parameter."""


class QueryParameters(RequestParameter):
    """An annotation: the value of the parameter is the query, which the route validates with a model.

    Parameters of list fields may be repeated.
    """

    def __init__(self, model: type[BaseModel]) -> None:
        super().__init__(lambda request: context_of(request).query)
        self.model = model
        self.names = frozenset(model.model_fields)
        self.repeatable = frozenset(
            name for name, field in model.model_fields.items() if get_origin(field.annotation) is list
        )

    def parse(self, request: Request) -> BaseModel:
        """Return the query as a model.

        Raises:
            RequestValidationError: A value is invalid.
        """
        given: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in request.query_params.multi_items():
            given[name].append(value)
        values = {name: all_ if name in self.repeatable else all_[-1] for name, all_ in given.items()}
        try:
            return self.model.model_validate(values)
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
            raise RequestValidationError([each | {"loc": ("query", *each["loc"])} for each in errors]) from None


def query_errors(request: Request, known: frozenset[str], repeatable: frozenset[str]) -> list[dict[str, Any]]:
    """Return an error for each unknown parameter, and for each that is repeated but not `repeatable`.

    A query that is too large is one error: nothing in it is decoded.
    """
    query = request.scope["query_string"]
    if len(query) > MAX_QUERY or query.count(b"&") >= MAX_PARAMETERS:
        message = f"the query must have at most {MAX_QUERY} bytes and {MAX_PARAMETERS} parameters"
        return [{"loc": ["query"], "message": message, "type": "too_long"}]
    if not _is_utf8(query):
        return [{"loc": ["query"], "message": "the query must be percent-encoded UTF-8", "type": "encoding"}]
    counts = Counter(name for name, _ in request.query_params.multi_items())
    errors: list[dict[str, Any]] = []
    for name, count in sorted(counts.items()):
        if name not in known:
            # Suggestions take time, and only the first errors are returned.
            suggested = known if len(errors) < MAX_SUGGESTIONS else ()
            message, type_ = unknown_name("parameter", name, suggested), "extra_forbidden"
        elif count > 1 and name not in repeatable:
            message, type_ = "the parameter must not be repeated", "repeated"
        else:
            continue
        errors.append({"loc": ["query", name], "message": message, "type": type_})
    return errors


def _is_utf8(query: bytes) -> bool:
    """Return whether a query is valid (RFC 3986). Invalid bytes would be replaced silently."""
    try:
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        return False
    return query.isascii()
