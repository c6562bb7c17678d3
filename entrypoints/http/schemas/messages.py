"""Messages of validation errors, for people. Those of pydantic are about its types, not about the rules of the API."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, get_args

from pydantic import BaseModel

MAX_NAME: Final = 100
"""Characters of an unknown name that are compared with the known ones."""

MESSAGES: Final[Mapping[str, str]] = {
    "missing": "{name} is required",
    "string_type": "{name} must be text",
    "bool_type": "{name} must be true or false",
    "int_type": "{name} must be a whole number",
    "int_parsing": "{name} must be a whole number",
    "list_type": "{name} must be a list",
    "model_type": "{name} must be an object",
    "model_attributes_type": "{name} must be an object",
    "dict_type": "{name} must be an object",
    "enum": "{name} must be {expected}",
    "literal_error": "{name} must be {expected}",
    "string_too_short": "{name} must have {min_length} or more characters",
    "string_too_long": "{name} must have at most {max_length} characters",
    "string_pattern_mismatch": "{name} contains a character that is not allowed",
    "too_short": "{name} must have {min_length} or more elements",
    "too_long": "{name} must have at most {max_length} elements",
    "greater_than_equal": "{name} must be at least {ge}",
    "less_than_equal": "{name} must be at most {le}",
}
"""The message by the type of the error. Names in braces are `name`, and members of the error's context."""


def error_message(error: Mapping[str, Any], model: Any = None) -> str:
    """Return the message of a validation error.

    Args:
        error: An error of pydantic, or an own one with a message that is for people already.
        model: The type of the body, to suggest a field for an unknown one. None if the message has a suggestion.
    """
    loc, context = error["loc"], error.get("ctx", {})
    if error["type"] == "extra_forbidden" and model is not None:
        return unknown_name("field", str(loc[-1]), fields_at(model, loc[1:-1]))
    if template := MESSAGES.get(error["type"]):
        values = {name: str(value).replace("'", "") for name, value in context.items()}
        return template.format_map(values | {"name": name_at(loc)})
    return str(context.get("error") or error["msg"])


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the message for an unknown field or parameter, with the known name that is most similar to it."""
    found = get_close_matches(name[:MAX_NAME].lower(), known, n=1)
    return f"unknown {kind}; did you mean {found[0]}?" if found else f"unknown {kind}"


def summary(entry: Mapping[str, Any], count: int) -> str:
    """Return the first of `count` reasons, with the name of its field if the message does not start with it."""
    loc, reason = entry["loc"], entry["message"]
    name = name_at(loc)
    if len(loc) > 1 and not reason.startswith((name, name.replace("_", " "))):
        reason = f"{name}: {reason}"
    if count == 1:
        return str(reason)
    return f"{reason} (and {count - 1} more error{'s' if count > 2 else ''})"


def name_at(loc: Sequence[str | int]) -> str:
    """Return the name of a value, such as `title` or `tasks.0.title`. The value may be the whole body or query."""
    return ".".join(map(str, loc[1:])) or f"the {loc[0]}"


def fields_at(model: Any, loc: Sequence[str | int]) -> list[str]:
    """Return the names of the fields of the object at this place of a body. The list is empty for other values."""
    if not loc:
        models = [model, *get_args(model)]
        return [name for each in models if _is_model(each) for name in each.model_fields]
    if _is_model(model):
        field = model.model_fields.get(str(loc[0]))
        return fields_at(field.annotation, loc[1:]) if field else []
    inner = loc[1:] if isinstance(loc[0], int) else loc
    return [name for each in get_args(model) for name in fields_at(each, inner)]


def _is_model(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseModel)
