"""The groups of operations in the OpenAPI document, in the order in which a new user needs them."""

from typing import Final

TAGS: Final = {
    "auth": "Register, log in and log out, list sessions, and change or reset a password.",
    "tasks": "Create, find, change and delete tasks, also up to 100 at once, and read their history and statistics.",
    "tags": "List the tags of all tasks, and rename or remove a tag on all tasks at once.",
    "files": "Upload files, with or without a task, and download them.",
    "users": "Read, change, export and erase your own account. Managers read all accounts, admins change them.",
    "jobs": "Follow long work that a request has started.",
    "audit": "Read security events of all users, for admins.",
    "monitoring": "Liveness, readiness and metrics, for operators. These paths need no token and have no rate limit.",
}
