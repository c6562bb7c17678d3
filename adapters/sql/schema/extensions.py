from typing import Any

import sqlalchemy as sa

USABLE = sa.text(
    "SELECT extnamespace::regnamespace::text FROM pg_extension"
    " WHERE extname = :name AND has_schema_privilege(extnamespace, 'USAGE')"
)


def schema_of_extension(context: Any, name: str) -> str | None:
    """Return the schema of an extension as a prefix of names, None if the role cannot use it. Create it if necessary.

    Printed SQL requires that the role can create the extension.

    Args:
        context: The `MigrationContext` of alembic.
        name: Name of the extension.
    """
    create = sa.text(f"CREATE EXTENSION IF NOT EXISTS {name}")
    if context.as_sql:
        context.impl.execute(create)
        return ""
    try:
        with context.bind.begin_nested():
            context.bind.execute(create)
    except sa.exc.DBAPIError:
        return None
    schema = context.bind.scalar(USABLE, {"name": name})
    return f"{schema}." if schema else None
