"""A copy of the migrations, to which tests add the migration of a next version."""

import shutil
from importlib.resources import files
from pathlib import Path

from adapters.sql.schema.migrator import SqlSchema

HEAD = SqlSchema("").head
NEXT = f"{int(HEAD) + 1:04}"
TEMPLATE = """
from alembic import op

revision, down_revision, compatible_from = "{NEXT}", "{HEAD}", "{compatible_from}"


def upgrade():
    op.execute("{upgrade}")


def downgrade():
    op.execute("{downgrade}")
"""


def copy_migrations(directory: Path) -> Path:
    return Path(shutil.copytree(str(files("migrations")), directory / "migrations"))


def add_migration(scripts: Path, upgrade: str, downgrade: str, compatible_from: str = NEXT) -> None:
    text = TEMPLATE.format(NEXT=NEXT, HEAD=HEAD, compatible_from=compatible_from, upgrade=upgrade, downgrade=downgrade)
    (scripts / "versions" / f"{NEXT}_change_something.py").write_text(text)
