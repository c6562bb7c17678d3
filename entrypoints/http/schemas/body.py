from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """What a client sends: nothing undeclared, and nothing converted from another type."""

    model_config = ConfigDict(extra="forbid", strict=True)
