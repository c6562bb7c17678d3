"""Create the table of security events.

Services of the previous version keep running after the upgrade: they write security events to the log only.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
compatible_from = "0013"

ACTS_ON_OTHERS = sa.column("actor_id").is_distinct_from(sa.column("user_id"))


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(50), nullable=False),
        sa.Column("is_suspicious", sa.Boolean, nullable=False),
        sa.Column("actor_id", sa.Uuid, comment="the user who acted, who may not exist any more"),
        sa.Column("user_id", sa.Uuid, comment="the account that the event is about, which may not exist any more"),
        sa.Column("source", sa.String(10)),
        sa.Column("correlation_id", sa.Uuid, comment="the request, job or command"),
        sa.Column("request_id", sa.String(128)),
        sa.Column("ip_address", sa.String(45)),
        sa.Column("details", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
        comment="security events; not sharded: admins read the events of all users in order",
    )
    op.create_index("ix_audit_events_by_time", "audit_events", ["at", "id"])
    op.create_index("ix_audit_events_by_user", "audit_events", ["user_id", "at", "id"])
    op.create_index("ix_audit_events_by_event", "audit_events", ["event", "at", "id"])
    op.create_index(
        "ix_audit_events_by_actor",
        "audit_events",
        ["actor_id", "at", "id"],
        postgresql_where=ACTS_ON_OTHERS,
        sqlite_where=ACTS_ON_OTHERS,
    )


def downgrade() -> None:
    op.drop_table("audit_events")
