from sqlalchemy import Boolean, Column, Index, String, Table, Uuid

from adapters.sql.engine.types import Document, Instant
from adapters.sql.schema.metadata import metadata

audit_events = Table(
    "audit_events",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("event", String(50), nullable=False),
    Column("is_suspicious", Boolean, nullable=False),
    Column("actor_id", Uuid, comment="the user who acted, who may not exist any more"),
    Column("user_id", Uuid, comment="the account that the event is about, which may not exist any more"),
    Column("source", String(10)),
    Column("correlation_id", Uuid, comment="the request, job or command"),
    Column("request_id", String(128)),
    Column("ip_address", String(45)),
    Column("details", Document, nullable=False),
    Index("ix_audit_events_by_time", "at", "id"),
    Index("ix_audit_events_by_user", "user_id", "at", "id"),
    Index("ix_audit_events_by_event", "event", "at", "id"),
    comment="security events; not sharded: admins read the events of all users in order",
)

ACTS_ON_OTHERS = audit_events.c.actor_id.is_distinct_from(audit_events.c.user_id)
"""The account is not that of the actor. `ix_audit_events_by_user` finds the other events of an actor."""

Index(
    "ix_audit_events_by_actor",
    audit_events.c.actor_id,
    audit_events.c.at,
    audit_events.c.id,
    postgresql_where=ACTS_ON_OTHERS,
    sqlite_where=ACTS_ON_OTHERS,
)
