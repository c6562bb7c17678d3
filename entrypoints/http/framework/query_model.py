"""Query parameters as one model. FastAPI would look up each parameter in every request."""

from collections import defaultdict
from typing import Any, Generic, TypeVar, get_origin

from fastapi import Depends
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

Q = TypeVar("Q", bound=BaseModel)


class QueryModel(Generic[Q]):
    """A dependency that validates the query parameters with a model. Parameters of list fields may be repeated."""

    def __init__(self, model: type[Q]) -> None:
        self.model = model
        self.names = frozenset(model.model_fields)
        self.repeatable = frozenset(
            name for name, field in model.model_fields.items() if get_origin(field.annotation) is list
        )

    async def __call__(self, request: Request) -> Q:
        given: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in request.query_params.multi_items():
            given[name].append(value)
        values = {name: all_ if name in self.repeatable else all_[-1] for name, all_ in given.items()}
        try:
            return self.model.model_validate(values)
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
            raise RequestValidationError([each | {"loc": ("query", *each["loc"])} for each in errors]) from None


def query_parameters(model: type[Q]) -> Any:
    """Return a FastAPI dependency on the query parameters."""
    return Depends(QueryModel(model))
