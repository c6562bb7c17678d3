from typing import Literal
from uuid import UUID

from pydantic import BaseModel


class FieldError(BaseModel):
    """One invalid value in a request."""

    loc: list[str | int]
    """Where the value is: `body` or `query`, followed by names of fields and positions in lists."""
    message: str
    """What the rule requires, for people. It never repeats the value."""
    type: str
    """The broken rule, for programs."""


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: Literal["about:blank"]
    """The type of the problem. `error_code` is more precise."""
    title: str
    """The name of the status."""
    status: int
    """The HTTP status of the response."""
    detail: str
    """What went wrong, for people."""
    instance: str
    """The path of the request."""
    error_code: str
    """What went wrong, for programs. A code never changes its meaning."""
    request_id: str
    """The value of `X-Request-ID`, which the operator finds in the logs."""
    errors: list[FieldError] | None = None
    """The invalid values, if there are any. At most 20."""
    field: str | None = None
    """The name of the field whose value another user has already."""
    task_ids: list[UUID] | None = None
    """The ids in a bulk request that are not tasks of the caller."""
