"""The SQL statements and settings of the guide for production, as tests and benchmarks run them."""

import re
import shlex

from sqlalchemy import make_url

from tests.documentation.guide import blocks
from tests.servers.postgres import Postgres

CREATION, READ_ONLY, TIMEOUTS = blocks("postgresql", "sql")


def sql(block: str, name: str, password: str) -> str:
    """Return statements of the guide with another name than `tasks`, and a password."""
    return re.sub(r"\btasks(_owner)?\b", rf"{name}\1", block).replace("…", password)


async def create_database(postgres: Postgres, name: str, password: str) -> tuple[str, str]:
    """Create a database and its two roles. Return the URLs of the owner and of the service."""
    in_server, in_database = sql(CREATION, name, password).split(f"\\c {name}\n")
    for statement in in_server.split(";\n")[:-1]:
        await postgres.execute(statement)
    await postgres.execute(in_database, name)
    url = make_url(postgres.url(name))
    owner, service = (
        url.set(username=role, password=password).render_as_string(hide_password=False)
        for role in (f"{name}_owner", name)
    )
    return owner, service


async def protect_database(postgres: Postgres, name: str) -> None:
    """Run the statements for a migrated or restored database, and set the timeouts of the role."""
    await postgres.execute(sql(READ_ONLY + TIMEOUTS, name, ""), name)


def rotation_steps() -> list[dict[str, str]]:
    """Return the settings before the rotation of a key and after each step, with keys that are long enough."""
    return [
        dict(line.split("=", 1) for line in shlex.split(block.replace("-key", "-key-of-more-than-32-characters")))
        for block in blocks("keys", "sh")
    ]
