from sqlalchemy import Column, ForeignKey, Index, LargeBinary, String, Table, Uuid

from adapters.sql.engine.types import Instant
from adapters.sql.schema.metadata import metadata

idempotency_records = Table(
    "idempotency_records",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("operation", String(100), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_idempotency_records_by_expiry", "expires_at"),
)
