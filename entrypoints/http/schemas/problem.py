from typing import Literal
from uuid import UUID

from pydantic import BaseModel


class FieldError(BaseModel):
    loc: list[str | int]
    message: str
    type: str


class Problem(BaseModel):
    """RFC 9457. `errors` tells which fields are not valid, `field` which name is taken, `task_ids` which
    tasks of a bulk request were not found."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    instance: str
    error_code: str
    request_id: str
    errors: list[FieldError] | None = None
    field: str | None = None
    task_ids: list[UUID] | None = None
