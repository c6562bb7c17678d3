"""What use cases may refuse. Codes are stable and independent of any protocol."""

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID


class DomainError(Exception):
    """The base class of all expected errors of use cases. `str(error)` may be shown to users."""

    code: ClassVar[str]


class InvalidValue(DomainError, ValueError):
    """A value breaks a rule. The message states the rule and never repeats the value."""

    code = "VALIDATION_FAILED"

    def __init__(self, field: str | None, rule: str, message: str) -> None:
        """Create the error.

        Args:
            field: The field of the request; None if the rule concerns no single field.
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
    """A password reset token is malformed, expired or already used."""

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
    """Something exceeds a size limit."""

    code = "PAYLOAD_TOO_LARGE"


class FileTooLarge(TooLarge):
    """An uploaded file exceeds the limit for one file."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"file must have at most {limit} bytes")


class QuotaExceeded(TooLarge):
    """An uploaded file exceeds the storage quota of its owner."""

    code = "QUOTA_EXCEEDED"

    def __init__(self, quota: int) -> None:
        super().__init__(f"all files of a user together must have at most {quota} bytes")


class UnsupportedFileType(DomainError):
    """The extension of a file is not allowed, or its content does not match its extension."""

    code = "UNSUPPORTED_FILE_TYPE"


class InvalidCredentials(DomainError):
    """Unknown user, wrong password or inactive account. The error does not say which."""

    code = "INVALID_CREDENTIALS"

    def __init__(self) -> None:
        super().__init__("wrong username or password")


class InvalidToken(DomainError):
    """A token is forged, damaged, expired, revoked or of another issuer. The error does not say which."""

    code = "INVALID_TOKEN"

    def __init__(self) -> None:
        super().__init__("token is invalid")


class RefreshTokenReused(InvalidToken):
    """A refresh token was used again after it had been replaced."""


class Forbidden(DomainError):
    """The caller may see the resource, but not do this with it."""

    code = "FORBIDDEN"


class WrongPassword(Forbidden):
    """The given current password is wrong."""

    code = "WRONG_PASSWORD"

    def __init__(self) -> None:
        super().__init__("current password is wrong")


class NotFound(DomainError):
    """The resource does not exist, or the caller may not see it."""

    code = "NOT_FOUND"


class UserNotFound(NotFound):
    """There is no such user, or the caller may not see it."""

    code = "USER_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("no such user")


class TaskNotFound(NotFound):
    """The owner has no such task. `task_ids` contains the ids of the missing tasks, in the requested order."""

    code = "TASK_NOT_FOUND"

    def __init__(self, task_ids: Iterable[UUID] = ()) -> None:
        self.task_ids = tuple(task_ids)
        super().__init__("no such task" if len(self.task_ids) < 2 else "no such tasks")


class TagNotFound(NotFound):
    """No task of the owner, or not the given task, has the tag."""

    code = "TAG_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("no such tag")


class FileNotFound(NotFound):
    """The owner has no such file."""

    code = "FILE_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("no such file")


class SessionNotFound(NotFound):
    """The user has no such session."""

    code = "SESSION_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("no such session")


class Conflict(DomainError):
    """The stored data contradicts the request, for example because of a concurrent change."""

    code = "CONFLICT"


class StaleTask(Conflict):
    """Another version of the task was stored since it was read."""

    def __init__(self) -> None:
        super().__init__("task was changed by another request")


class StaleUser(Conflict):
    """Another version of the user was stored since it was read."""

    def __init__(self) -> None:
        super().__init__("user was changed by another request")


class LastAdmin(Conflict):
    """The change would leave no active admin."""

    code = "LAST_ADMIN"

    def __init__(self) -> None:
        super().__init__("last active admin must remain an active admin")


class StaleSession(Conflict):
    """Another version of the session was stored since it was read."""

    def __init__(self) -> None:
        super().__init__("session was changed by another request")


class UsernameTaken(Conflict):
    """Another user has this username, in any case."""

    code = "USERNAME_TAKEN"
    field = "username"

    def __init__(self) -> None:
        super().__init__("username is already in use")


class EmailTaken(Conflict):
    """Another user has this e-mail address, in any case."""

    code = "EMAIL_TAKEN"
    field = "email"

    def __init__(self) -> None:
        super().__init__("e-mail address is already in use")


class PreconditionFailed(DomainError):
    """The stored version is none of those that the caller expects."""

    code = "PRECONDITION_FAILED"

    def __init__(self) -> None:
        super().__init__("resource has another version than expected")
