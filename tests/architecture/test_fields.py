import ast
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.sources import modules, named

MAX_FILES: Final = 6
"""Entity, command, table, row mapper, schema, migration."""

ENTITIES: Final = {"task", "user", "command"}


def has_field(path: Path, field: str) -> bool:
    """Return whether the module declares the field in a class or as a column, or reads it from an entity."""
    return any(_mentions(node, field) for node in ast.walk(ast.parse(path.read_text())))


def _mentions(node: ast.AST, field: str) -> bool:
    match node:
        case ast.ClassDef(body=body):
            return any(isinstance(part, ast.AnnAssign) and _is_name(part.target, field) for part in body)
        case ast.Attribute(value=ast.Name(id=owner), attr=attribute):
            return owner in ENTITIES and attribute == field
        case ast.Call(func=ast.Name(id="Column") | ast.Attribute(attr="Column"), args=[ast.Constant(value=name), *_]):
            return bool(name == field)
    return False


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


@pytest.mark.parametrize("field", ["description"])
def test_a_field_is_named_in_at_most_six_files(field: str) -> None:
    files = [named(path) for path in modules() if has_field(path, field)]

    assert MAX_FILES - 1 <= len(files) <= MAX_FILES, files
