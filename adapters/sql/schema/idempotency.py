from sqlalchemy import Column, ForeignKey, Index, LargeBinary, SmallInteger, String, Table, Uuid

from adapters.sql.engine.types import Document, Instant
from adapters.sql.schema.metadata import metadata

idempotency_records = Table(
    "idempotency_records",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("operation", String(100), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    # Version 0.1 writes these three columns instead of the payload.
    Column("status", SmallInteger),
    Column("headers", Document),
    Column("body", LargeBinary),
    Column("expires_at", Instant, nullable=False),
    Column("payload", LargeBinary),
    Column("subject_id", Uuid, comment="the user whose data the payload contains, if it is another user"),
    Index("ix_idempotency_records_by_expiry", "expires_at"),
)

_HAS_SUBJECT = idempotency_records.c.subject_id.is_not(None)
Index(
    "ix_idempotency_records_by_subject",
    idempotency_records.c.subject_id,
    postgresql_where=_HAS_SUBJECT,
    sqlite_where=_HAS_SUBJECT,
)
