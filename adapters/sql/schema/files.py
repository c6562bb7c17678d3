from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Uuid,
)

from adapters.sql.engine.types import Instant
from adapters.sql.schema.metadata import metadata

files = Table(
    "files",
    metadata,
    Column("owner_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("task_id", Uuid),
    Column("filename", String(255), nullable=False),
    Column("content_type", String(100), nullable=False),
    Column("charset", String(20), comment="charset of a text, if it is known"),
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    ForeignKeyConstraint(["owner_id", "task_id"], ["tasks.owner_id", "tasks.id"]),
    CheckConstraint("length(filename) >= 1", name="filename_length"),
    CheckConstraint("size >= 1", name="size_positive"),
    CheckConstraint("length(sha256) = 32", name="sha256_length"),
    Index("ix_files_by_created", "owner_id", "created_at", "id"),
    Index("ix_files_by_task", "owner_id", "task_id", "created_at", "id"),
    comment="metadata of files; the content is in a file store",
)

ONLY_ROW: Final = 1

file_store = Table(
    "file_store",
    metadata,
    Column("row", SmallInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid, nullable=False),
    CheckConstraint(f"row = {ONLY_ROW}", name="one_row"),
    comment="the random id that the database shares with its file store",
)
