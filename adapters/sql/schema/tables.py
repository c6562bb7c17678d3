"""All tables of the schema, registered in one `metadata`.

Every owned table has `owner_id` first in its primary key, so that the data can be sharded by owner. The application
creates the ids. Names that are unique across owners are claimed in tables without a foreign key to users, because
those tables are sharded by another column.
"""

from typing import Final

from sqlalchemy import Table

from adapters.sql.schema.audit import audit_events
from adapters.sql.schema.files import file_store, files
from adapters.sql.schema.idempotency import idempotency_records
from adapters.sql.schema.identity import active_admins, email_claims, reset_tokens, sessions, username_claims, users
from adapters.sql.schema.jobs import jobs
from adapters.sql.schema.metadata import metadata as metadata
from adapters.sql.schema.tasks import task_changes, task_counters, tasks

TABLES: Final[tuple[Table, ...]] = (
    users,
    username_claims,
    email_claims,
    active_admins,
    sessions,
    reset_tokens,
    tasks,
    task_counters,
    task_changes,
    files,
    file_store,
    jobs,
    idempotency_records,
    audit_events,
)
"""Importing the tables here registers them in `metadata`."""
