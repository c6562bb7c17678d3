from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
    text,
)

from adapters.sql.engine.types import Document, Instant
from adapters.sql.schema.metadata import metadata

jobs = Table(
    "jobs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", String(50), nullable=False),
    Column("owner_id", Uuid),
    Column("payload", Document, nullable=False),
    Column("run_at", Instant, nullable=False, comment="earliest start; end of the lease while a worker runs the job"),
    Column("claims", Integer, nullable=False, server_default=text("0")),
    Column("attempts", Integer, nullable=False),
    Column("started_at", Instant, comment="start of the current attempt"),
    Column("died_at", Instant),
    Column("last_error", Text),
    CheckConstraint("attempts >= 0", name="attempts_counted"),
    comment="not sharded: workers claim the due jobs of all owners",
)
Index(
    "ix_jobs_by_run_at",
    jobs.c.run_at,
    jobs.c.id,
    postgresql_where=jobs.c.died_at.is_(None),
    sqlite_where=jobs.c.died_at.is_(None),
)
