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
    Column(
        "kills", Integer, nullable=False, server_default=text("0"), comment="earlier attempts whose worker was killed"
    ),
    Column("died_at", Instant),
    Column("last_error", Text),
    Column("requester_id", Uuid, comment="the user whose request queued the job and who may see it"),
    Column("created_at", Instant),
    Column("finished_at", Instant),
    CheckConstraint("attempts >= 0", name="attempts_counted"),
    comment="not sharded: workers claim the due jobs of all owners",
)
_IS_PENDING = jobs.c.died_at.is_(None) & jobs.c.finished_at.is_(None)
Index("ix_jobs_by_run_at", jobs.c.run_at, jobs.c.id, postgresql_where=_IS_PENDING, sqlite_where=_IS_PENDING)

_IS_REQUESTED = jobs.c.requester_id.is_not(None)
Index("ix_jobs_by_requester", jobs.c.requester_id, postgresql_where=_IS_REQUESTED, sqlite_where=_IS_REQUESTED)
