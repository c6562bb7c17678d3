"""Index the search in names of users, and the users who are not active.

Services of the previous version keep running after the upgrade. Registrations wait while the indexes are built.
"""

import sqlalchemy as sa
from alembic import op

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
    if op.get_context().dialect.name == "postgresql" and has_trigrams():
        op.execute(f"CREATE INDEX {BY_SEARCH} ON users USING gin (search_text gin_trgm_ops)")


def has_trigrams() -> bool:
    """Return whether the extension is installed or this role can create it. Printed SQL requires that.

    Without the extension, a search scans all users.
    """
    create = "CREATE EXTENSION IF NOT EXISTS pg_trgm"
    if op.get_context().as_sql:
        op.execute(create)
        return True
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.execute(sa.text(create))
    except sa.exc.DBAPIError:
        return False
    return True


def downgrade() -> None:
    op.drop_index(BY_SEARCH, "users", if_exists=True)
    op.drop_index(INACTIVE, "users")
