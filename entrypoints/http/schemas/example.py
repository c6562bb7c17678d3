from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A request to a route and the response to it, for the OpenAPI document. A test sends the request."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Values of parameters in the path, in the query and in headers."""
    body: Any = None
    """The body, before it is serialized; None for a request without body."""
    response: Any = None
    """The body of the response; None for a response without body, or with other content than JSON."""
