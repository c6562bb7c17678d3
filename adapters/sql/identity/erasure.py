"""Removal of users. A removed user keeps an empty row, to which owned rows refer until they are purged."""

from typing import Any, Final

from sqlalchemy import Delete, Integer, Table, Uuid, bindparam, delete, select, tuple_, update

from adapters.sql.engine.pages import OWNER
from adapters.sql.engine.transaction import Transaction
from adapters.sql.schema.files import files
from adapters.sql.schema.idempotency import idempotency_records
from adapters.sql.schema.identity import active_admins, reset_tokens, sessions, users
from adapters.sql.schema.jobs import jobs
from adapters.sql.schema.tasks import task_changes, task_counters, tasks
from application.identity.ports import PurgePosition
from domain.identity.user import UserId

IS_PRESENT: Final = ~users.c.is_removed

_USER: Final = bindparam("user_id", type_=Uuid)


def _of_user(table: Table) -> Delete:
    return delete(table).where(table.c.user_id == _USER)


_REFERRING: Final = tuple(map(_of_user, (sessions, reset_tokens)))

REMOVE_USER: Final = (
    *_REFERRING,
    _of_user(active_admins),
    delete(jobs).where(jobs.c.requester_id == _USER),
    update(idempotency_records).where(idempotency_records.c.subject_id == _USER).values(payload=b"", subject_id=None),
    update(users)
    .where(users.c.id == _USER)
    .values(
        is_removed=True,
        is_active=False,
        role=0,
        username="removed",
        username_key="",
        email="",
        email_key="",
        full_name=None,
        search_text="",
        timezone="UTC",
        password_hash="",
    ),
)
"""Erase the user from the responses to other users, and all personal data from the row of the user."""

REMOVED_USER_FOR_UPDATE: Final = select(users.c.id).where(users.c.id == _USER, users.c.is_removed).with_for_update()
"""Lock the user. No transaction can add rows of the user, or purge them, meanwhile."""

REMOVED_USERS: Final = (
    select(users.c.id).where(users.c.is_removed).order_by(users.c.id).limit(bindparam("limit", type_=Integer))
)


def _batch_of(table: Table, owner: str = "owner_id", *, is_after: bool = False) -> Any:
    """Build a DELETE of the first `limit` rows of an owner in key order. It returns their keys.

    With `is_after`, it starts after a key. Otherwise each batch would read the index entries of all batches before,
    which remain until no transaction can see them and the table is vacuumed.
    """
    is_owned = table.c[owner] == OWNER
    key = [column for column in table.primary_key if column.name != owner]
    batch = select(*key).where(is_owned).order_by(*key).limit(bindparam("limit", type_=Integer))
    if is_after:
        position = (bindparam(f"after_{number}", type_=column.type) for number, column in enumerate(key))
        batch = batch.where(tuple_(*key) > tuple_(*position))
    return delete(table).where(is_owned, tuple_(*key).in_(batch)).returning(*key)


PURGE_BATCHES: Final = (
    _batch_of(idempotency_records, "user_id"),
    *map(_batch_of, (files, task_changes, tasks, task_counters)),
)
"""Files and changes come before the tasks that they refer to."""

BATCHES_AFTER: Final = {2: _batch_of(task_changes, is_after=True), 3: _batch_of(tasks, is_after=True)}
"""By number in PURGE_BATCHES: the tables that may have very many rows of one owner."""

DELETE_USER: Final = (*_REFERRING, delete(users).where(users.c.id == _USER))


async def remove(transaction: Transaction, user_id: UserId) -> None:
    for statement in REMOVE_USER:
        await transaction.execute(statement, {"user_id": user_id})


async def purge(transaction: Transaction, user_id: UserId, *, limit: int, after: PurgePosition) -> PurgePosition | None:
    """Delete a batch of each table. A position is the number of a table, and the last key if there is one."""
    if not await transaction.fetch_writing(REMOVED_USER_FOR_UPDATE, user_id=user_id):
        return None
    first, *key = after or (0,)
    for number in range(first, len(PURGE_BATCHES)):
        position = {f"after_{n}": value for n, value in enumerate(key)}
        deletion = BATCHES_AFTER[number] if key else PURGE_BATCHES[number]
        rows = await transaction.fetch_writing(deletion, owner_id=user_id, limit=limit, **position)
        if len(rows) == limit:
            return (number, *max(map(tuple, rows))) if number in BATCHES_AFTER else (number,)
        key = []
    if after:  # look for rows that were added before the position
        return ()
    for statement in DELETE_USER:
        await transaction.execute(statement, {"user_id": user_id})
    return None
