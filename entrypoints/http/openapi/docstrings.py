"""Texts of the OpenAPI document that are docstrings of endpoints and of fields."""

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, is_dataclass
from itertools import pairwise
from typing import Any, Self, get_args, get_type_hints

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class EndpointTexts:
    """What the docstring of an endpoint says: a summary line, paragraphs, and optionally a section `Returns:`."""

    summary: str
    details: str
    returns: str

    @classmethod
    def of(cls, endpoint: Callable[..., Any]) -> Self:
        """Return the texts of an endpoint. Missing ones are empty."""
        summary, _, rest = (inspect.getdoc(endpoint) or "").partition("\n\n")
        description, _, returns = f"\n{rest}".partition("\nReturns:\n")
        return cls(summary.strip().removesuffix("."), unwrap(description), unwrap(inspect.cleandoc(returns)))


def unwrap(markdown: str) -> str:
    """Join the lines of paragraphs and list items. Swagger UI displays each line break."""
    return re.sub(r"(?<!\n)\n(?![\n|#-]) *", " ", markdown.strip())


def field_texts(model: type[Any]) -> dict[str, str]:
    """Return the docstrings of the fields of a class and of its bases."""
    texts: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if _has_fields(base):
            texts |= _own_field_texts(base)
    return texts


def models_in(annotation: Any) -> Iterator[type[Any]]:
    """Yield the classes with fields that an annotation contains, also in the fields of these classes."""
    pending, found = [annotation], set()
    while pending:
        each = pending.pop()
        pending += get_args(each)
        if isinstance(each, type) and _has_fields(each) and each not in found:
            found.add(each)
            yield each
            pending += get_type_hints(each).values()


def _has_fields(model: type[Any]) -> bool:
    return is_dataclass(model) or (issubclass(model, BaseModel) and model is not BaseModel)


def _own_field_texts(model: type[Any]) -> dict[str, str]:
    """Parse the docstrings below the fields of a class. Python does not keep them at run time."""
    tree = ast.parse(inspect.getsource(sys.modules[model.__module__]))
    texts: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == model.__name__:
            for statement, after in pairwise(node.body):
                match statement, after:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                        texts[name] = unwrap(inspect.cleandoc(text))
    return texts
