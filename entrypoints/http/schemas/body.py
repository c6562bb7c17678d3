from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """The base of request bodies: no undeclared fields and no type conversion."""

    model_config = ConfigDict(extra="forbid", strict=True)
