"""SQL statements of the baseline server, written by hand."""

from typing import Final

COLUMNS: Final = (
    "id, owner_id, title, description, status, priority, due_day, due_at, tags, created_at, updated_at, completed_at,"
    " version"
)
GET: Final = f"SELECT {COLUMNS} FROM tasks WHERE owner_id = $1 AND id = $2"
LIST: Final = (
    f"SELECT (SELECT coalesce(sum(amount), 0)::bigint FROM task_tallies WHERE owner_id = $1 AND kind = 'state') total,"
    f" {COLUMNS} FROM tasks WHERE owner_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2"
)
INSERT: Final = (
    f"INSERT INTO tasks ({COLUMNS}, title_key, due_ascending, due_descending, search_text)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
)
COUNT: Final = (
    "INSERT INTO task_tallies (owner_id, kind, key, amount) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (owner_id, kind, key) DO UPDATE SET amount = task_tallies.amount + excluded.amount"
)
INSERT_CHANGE: Final = (
    "INSERT INTO task_changes (owner_id, task_id, version, id, actor_id, at, changes)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)"
)
