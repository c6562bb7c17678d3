"""What use cases may refuse. Codes are stable and independent of any protocol."""

from collections.abc import Iterable, Sequence
from typing import ClassVar
from uuid import UUID


class DomainError(Exception):
    """The base class of all expected errors of use cases. `str(error)` may be shown to users."""

    code: ClassVar[str]
    default_message: ClassVar[str] = ""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or self.default_message)


class InvalidValue(DomainError, ValueError):
    """A value breaks a rule. The message states the rule and never repeats the value."""

    code = "VALIDATION_FAILED"

    def __init__(self, field: str | None, rule: str, message: str) -> None:
        """Create the error.

        Args:
            field: The name of the field in the domain; None if the rule concerns no single field.
            rule: A stable, machine-readable name of the broken rule.
            message: What the rule requires, for users.
        """
        self.field = field
        self.rule = rule
        self.message = message

    def __str__(self) -> str:
        # `args` holds the arguments of the constructor, so that errors of all subclasses can be copied and pickled.
        return self.message


class InvalidTag(InvalidValue):
    """A tag breaks a rule, or a task has too many tags."""

    def __init__(self, message: str) -> None:
        super().__init__("tags", "invalid_tag", message)


class InvalidResetToken(InvalidValue):
    """A password reset token is malformed, expired or already used, or its user is inactive."""

    code = "INVALID_RESET_TOKEN"

    def __init__(self) -> None:
        super().__init__("token", "invalid_reset_token", "token is invalid, expired or already used")


class EmptyFile(InvalidValue):
    """An uploaded file has no content."""

    code = "EMPTY_FILE"

    def __init__(self) -> None:
        super().__init__("file", "empty_file", "file is empty")


class WeakPassword(InvalidValue):
    """A password breaks a rule of the password policy."""

    code = "WEAK_PASSWORD"

    def __init__(self, message: str) -> None:
        super().__init__("password", "weak_password", message)


class TooLarge(DomainError):
    """The request or the file exceeds a size limit."""

    code = "PAYLOAD_TOO_LARGE"


class FileTooLarge(TooLarge):
    """An uploaded file exceeds the limit for one file."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"file must have at most {limit} bytes")


class QuotaExceeded(TooLarge):
    """An uploaded file exceeds the storage quota of its owner."""

    code = "QUOTA_EXCEEDED"

    def __init__(self, quota: int, block_size: int) -> None:
        message = f"all files of a user together must take at most {quota} bytes, each in blocks of {block_size} bytes"
        super().__init__(message)


class UnsupportedFileType(DomainError):
    """The extension of a file is not allowed, or its content does not match its extension."""

    code = "UNSUPPORTED_FILE_TYPE"


class InvalidCredentials(DomainError):
    """Unknown user, wrong password or inactive account. The error does not say which."""

    code = "INVALID_CREDENTIALS"
    default_message = "wrong username or password"


class InvalidToken(DomainError):
    """A token is forged, damaged, expired, revoked or of another issuer."""

    code = "INVALID_TOKEN"
    default_message = "token is invalid"


class ExpiredToken(InvalidToken):
    """An access token was valid until it expired. The client needs a new one."""

    default_message = "token is expired"


class RefreshTokenReused(InvalidToken):
    """A refresh token was used again after it had been replaced."""


class Forbidden(DomainError):
    """The caller may see the resource, but not do this with it."""

    code = "FORBIDDEN"


class WrongPassword(Forbidden):
    """The given current password is wrong."""

    code = "WRONG_PASSWORD"
    default_message = "current password is wrong"


class NotFound(DomainError):
    """The resource does not exist, or the caller may not see it."""

    code = "NOT_FOUND"

    def __init__(self, message: str = "", *, ids: Iterable[UUID] = ()) -> None:
        """Create the error. `ids` are the requested ids that may belong to another owner."""
        super().__init__(message)
        self.ids = tuple(ids)


class UserNotFound(NotFound):
    """There is no such user, or the caller may not see it."""

    code = "USER_NOT_FOUND"
    default_message = "no such user"


class TaskNotFound(NotFound):
    """There is no such task, or the caller may not see it."""

    code = "TASK_NOT_FOUND"
    default_message = "no such task"


class TasksNotFound(TaskNotFound):
    """The owner does not have all tasks of a batch. `ids` are the missing ones, in the requested order."""

    def __init__(self, ids: Sequence[UUID]) -> None:
        super().__init__("no such task" if len(ids) == 1 else "no such tasks", ids=ids)


class TagNotFound(NotFound):
    """No task of the owner, or not the given task, has the tag."""

    code = "TAG_NOT_FOUND"
    default_message = "no such tag"


class FileNotFound(NotFound):
    """There is no such file, or the caller may not see it."""

    code = "FILE_NOT_FOUND"
    default_message = "no such file"


class SessionNotFound(NotFound):
    """The caller has no such session."""

    code = "SESSION_NOT_FOUND"
    default_message = "no such session"


class Conflict(DomainError):
    """The stored data contradicts the request, for example because of a concurrent change."""

    code = "CONFLICT"


class Stale(Conflict):
    """Another version of an entity was stored since it was read. The use case may succeed if it runs again."""


class StaleTask(Stale):
    """Another version of the task was stored since it was read."""

    default_message = "task was changed by another request"


class StaleUser(Stale):
    """Another version of the user was stored since it was read."""

    default_message = "user was changed by another request"


class StaleSession(Stale):
    """Another version of the session was stored since it was read."""

    default_message = "session was changed by another request"


class LastAdmin(Conflict):
    """The change would leave no active admin."""

    code = "LAST_ADMIN"
    default_message = "last active admin must remain an active admin"


class UsernameTaken(Conflict):
    """Another user has this username. Case is ignored."""

    code = "USERNAME_TAKEN"
    field = "username"
    default_message = "username is already in use"


class EmailTaken(Conflict):
    """Another user has this e-mail address. Case is ignored."""

    code = "EMAIL_TAKEN"
    field = "email"
    default_message = "e-mail address is already in use"


class LimitReached(Conflict):
    """The owner has as many of something as is allowed."""

    code = "LIMIT_REACHED"
