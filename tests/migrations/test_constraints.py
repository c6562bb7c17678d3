from sqlalchemy import Inspector

from adapters.sql.schema.migrator import SqlSchema
from adapters.sql.schema.tables import metadata
from tests.migrations.databases import inspected

ONLY_POSTGRES = {"ix_tasks_search", "ix_tasks_tags"}
"""Indexes that not every server can have."""


def declared() -> set[str]:
    constraints = (constraint for table in metadata.tables.values() for constraint in table.constraints)
    return {str(constraint.name) for constraint in constraints}


def found_by(inspector: Inspector) -> set[str]:
    names: set[str | None] = set()
    for table in set(inspector.get_table_names()) - {"alembic_version"}:
        names.add(inspector.get_pk_constraint(table)["name"])
        names |= {key["name"] for key in inspector.get_foreign_keys(table)}
        names |= {check["name"] for check in inspector.get_check_constraints(table)}
        names |= {unique["name"] for unique in inspector.get_unique_constraints(table)}
    return {str(name) for name in names}


def indexes_found_by(inspector: Inspector) -> set[str]:
    found = (index for table in inspector.get_table_names() for index in inspector.get_indexes(table))
    return {str(index["name"]) for index in found}


async def test_every_constraint_has_the_name_that_the_convention_gives_it(url: str) -> None:
    await SqlSchema(url).upgrade()

    assert await inspected(url, found_by) == declared()
    assert len(declared()) > 10


async def test_every_index_has_the_name_it_was_declared_with(url: str) -> None:
    await SqlSchema(url).upgrade()
    names = {str(index.name) for table in metadata.tables.values() for index in table.indexes}

    assert await inspected(url, indexes_found_by) - ONLY_POSTGRES == names
