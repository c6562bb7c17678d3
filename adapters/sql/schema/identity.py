from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    false,
)

from adapters.sql.engine.types import ByCodePoint, Document, Instant
from adapters.sql.schema.metadata import metadata

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("username", String(50), nullable=False),
    Column("email", String(254), nullable=False),
    Column("full_name", String(100)),
    Column("role", SmallInteger, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("version", Integer, nullable=False),
    Column("username_key", ByCodePoint, nullable=False, comment="sort key of the username"),
    Column("email_key", ByCodePoint, nullable=False, comment="sort key of the e-mail address"),
    Column("search_text", ByCodePoint, nullable=False, comment="username, e-mail address and full name, folded"),
    Column(
        "is_removed",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="the row has no other data and remains until the rows that refer to it are deleted",
    ),
    CheckConstraint("length(username) >= 3", name="username_length"),
    CheckConstraint("role BETWEEN 0 AND 2", name="role_known"),
    CheckConstraint("version >= 1", name="version_positive"),
    Index("ix_users_by_created", "created_at", "id"),
    Index("ix_users_by_username", "username_key", "id"),
    Index("ix_users_by_email", "email_key", "id"),
    Index("ix_users_by_role", "role", "id"),
)

_IS_INACTIVE = ~users.c.is_active
Index("ix_users_inactive", users.c.id, postgresql_where=_IS_INACTIVE, sqlite_where=_IS_INACTIVE)

Index("ix_users_removed", users.c.id, postgresql_where=users.c.is_removed, sqlite_where=users.c.is_removed)


username_claims = Table(
    "username_claims",
    metadata,
    Column("username_key", ByCodePoint, primary_key=True),
    Column("user_id", Uuid, nullable=False),
)


email_claims = Table(
    "email_claims",
    metadata,
    Column("email_key", ByCodePoint, primary_key=True),
    Column("user_id", Uuid, nullable=False),
)


active_admins = Table(
    "active_admins",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    comment="active administrators; locked as a whole before one is removed",
)


sessions = Table(
    "sessions",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("refresh_hash", LargeBinary, nullable=False),
    # The version before writes no family.
    Column("family_hash", LargeBinary),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("user_agent", String(255)),
    Column("ip_address", String(45)),
    Index("ix_sessions_by_expiry", "expires_at"),
)


reset_tokens = Table(
    "reset_tokens",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("token_hash", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("recent", Document, comment="the tokens of the last hour, including the latest one"),
)
