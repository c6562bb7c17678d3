from sqlalchemy import Inspector

from adapters.sql.schema.migrator import SqlSchema
from adapters.sql.schema.tables import metadata
from tests.migrations.databases import inspected

OPTIONAL_INDEXES = {"ix_tasks_search", "ix_tasks_tags", "ix_users_search"}
"""Indexes that need optional extensions."""


def declared_names() -> set[str]:
    constraints = (constraint for table in metadata.tables.values() for constraint in table.constraints)
    return {str(constraint.name) for constraint in constraints}


def constraint_names(inspector: Inspector) -> set[str]:
    names: set[str | None] = set()
    for table in set(inspector.get_table_names()) - {"alembic_version"}:
        names.add(inspector.get_pk_constraint(table)["name"])
        names |= {key["name"] for key in inspector.get_foreign_keys(table)}
        names |= {check["name"] for check in inspector.get_check_constraints(table)}
        names |= {unique["name"] for unique in inspector.get_unique_constraints(table)}
    return {str(name) for name in names}


def index_names(inspector: Inspector) -> set[str]:
    found = (index for table in inspector.get_table_names() for index in inspector.get_indexes(table))
    return {str(index["name"]) for index in found}


async def test_constraints_follow_the_naming_convention(url: str) -> None:
    await SqlSchema(url).upgrade()

    assert await inspected(url, constraint_names) == declared_names()
    assert len(declared_names()) > 10


async def test_indexes_have_their_declared_names(url: str) -> None:
    await SqlSchema(url).upgrade()
    names = {str(index.name) for table in metadata.tables.values() for index in table.indexes}

    assert await inspected(url, index_names) - OPTIONAL_INDEXES == names
