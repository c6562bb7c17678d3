"""Many query parameters as one model. FastAPI would look for each of them at every request, given or not."""

from collections import defaultdict
from typing import Any, Generic, TypeVar, get_origin

from fastapi import Depends
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

Q = TypeVar("Q", bound=BaseModel)


class QueryModel(Generic[Q]):
    """A dependency: the parameters given, validated by `model`. A list takes a parameter as often as it is given."""

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
        values = {name: found if name in self.repeatable else found[-1] for name, found in given.items()}
        try:
            return self.model.model_validate(values)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            raise RequestValidationError([one | {"loc": ("query", *one["loc"])} for one in found]) from None


def in_query(model: type[Q]) -> Any:
    return Depends(QueryModel(model))
