from typing import Literal
from uuid import UUID

from pydantic import BaseModel


class FieldError(BaseModel):
    loc: list[str | int]
    message: str
    type: str


class Problem(BaseModel):
    """A problem document (RFC 9457).

    `errors` lists invalid values, `field` names the field of a taken name, and `task_ids` lists the tasks of a batch
    that were not found.
    """

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
