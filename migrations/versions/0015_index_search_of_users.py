"""Index the search in names of users, and the users who are not active.

Services of the previous version keep running after the upgrade. Registrations wait while the indexes are built.
"""

import sqlalchemy as sa
from alembic import op

from adapters.sql.schema.extensions import schema_of_extension

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
compatible_from = "0013"

BY_SEARCH = "ix_users_search"
INACTIVE = "ix_users_inactive"


def upgrade() -> None:
    is_inactive = sa.text("NOT is_active")
    op.create_index(INACTIVE, "users", ["id"], postgresql_where=is_inactive, sqlite_where=is_inactive)
    context = op.get_context()
    if context.dialect.name != "postgresql":
        return
    if (schema := schema_of_extension(context, "pg_trgm")) is not None:  # without it, a search scans all users
        op.execute(f"CREATE INDEX {BY_SEARCH} ON users USING gin (search_text {schema}gin_trgm_ops)")


def downgrade() -> None:
    op.drop_index(BY_SEARCH, "users", if_exists=True)
    op.drop_index(INACTIVE, "users")
