from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """What a client sends: nothing undeclared, and nothing converted from another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class View(BaseModel):
    """What a client is answered: every field, always."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)
