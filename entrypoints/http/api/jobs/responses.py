"""The response to a request whose work a job does."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import Response

from application.jobs.ports import JobId
from entrypoints.http.openapi.headers import headers_named

JOB_URL: Final = "/api/v1/jobs/{id}"

ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "description": "A job does the work. `Location` is its URL, from which `GET` returns its state.",
        "headers": headers_named("Location"),
    }
}
"""The response in the OpenAPI document."""


def accepted(job_id: JobId) -> Response:
    """Return a response without a body that refers to the job."""
    return Response(status_code=HTTPStatus.ACCEPTED, headers={"Location": JOB_URL.format(id=job_id)})
