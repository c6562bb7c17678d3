"""What can be wrong, in the words of the domain. A code is stable; it is never a status of any protocol."""

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID


class DomainError(Exception):
    """The root of everything a use case may refuse. `str(error)` is fit to be shown to a person."""

    code: ClassVar[str]


class InvalidValue(DomainError, ValueError):
    """A value breaks a rule; the message states the rule and never repeats the value."""

    code = "VALIDATION_FAILED"
    field: ClassVar[str | None] = None


class InvalidTitle(InvalidValue):
    field = "title"


class InvalidDescription(InvalidValue):
    field = "description"


class InvalidDue(InvalidValue):
    field = "due_date"


class InvalidTag(InvalidValue):
    field = "tags"


class ContradictoryCompletion(InvalidValue):
    field = "completed"


class InvalidSearch(InvalidValue):
    field = "search"


class InvalidCursor(InvalidValue):
    field = "cursor"


class InvalidBatch(InvalidValue):
    """A bulk request is empty, too long, or names a task twice."""

    field = "task_ids"


class InvalidUsername(InvalidValue):
    field = "username"


class InvalidEmail(InvalidValue):
    field = "email"


class InvalidFullName(InvalidValue):
    field = "full_name"


class InvalidTimeZone(InvalidValue):
    field = "timezone"


class InvalidResetToken(InvalidValue):
    code = "INVALID_RESET_TOKEN"
    field = "token"

    def __init__(self) -> None:
        super().__init__("the token is not valid, or was used")


class InvalidFilename(InvalidValue):
    field = "file"


class EmptyFile(InvalidValue):
    code = "EMPTY_FILE"
    field = "file"

    def __init__(self) -> None:
        super().__init__("the file is empty")


class WeakPassword(InvalidValue):
    code = "WEAK_PASSWORD"
    field = "password"


class TooLarge(DomainError):
    """There is no room for it."""

    code = "PAYLOAD_TOO_LARGE"


class FileTooLarge(TooLarge):
    def __init__(self, limit: int) -> None:
        super().__init__(f"a file has at most {limit} bytes")


class QuotaExceeded(TooLarge):
    code = "QUOTA_EXCEEDED"

    def __init__(self, quota: int) -> None:
        super().__init__(f"all files of a user have at most {quota} bytes")


class UnsupportedFileType(DomainError):
    """By its name it is nothing that is kept here, or its content is something else than its name says."""

    code = "UNSUPPORTED_FILE_TYPE"


class InvalidCredentials(DomainError):
    """Alike for an unknown user, a wrong password and an inactive account."""

    code = "INVALID_CREDENTIALS"

    def __init__(self) -> None:
        super().__init__("wrong username or password")


class InvalidToken(DomainError):
    """A token that is forged, damaged, expired, revoked or not ours; which of these is not told."""

    code = "INVALID_TOKEN"

    def __init__(self) -> None:
        super().__init__("the token is not valid")


class RefreshTokenReused(InvalidToken):
    """It worked once, and was replaced."""


class Forbidden(DomainError):
    """The caller may see it, but not do this with it."""

    code = "FORBIDDEN"


class WrongPassword(Forbidden):
    code = "WRONG_PASSWORD"

    def __init__(self) -> None:
        super().__init__("that is not the current password")


class NotFound(DomainError):
    """There is none, or the caller may not know that there is one."""

    code = "NOT_FOUND"


class UserNotFound(NotFound):
    code = "USER_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("no such user")


class TaskNotFound(NotFound):
    """`task_ids` names the missing ones where several were asked for, in the order asked."""

    code = "TASK_NOT_FOUND"

    def __init__(self, task_ids: Iterable[UUID] = ()) -> None:
        self.task_ids = tuple(task_ids)
        super().__init__("no such task" if len(self.task_ids) < 2 else "no such tasks")


class TagNotFound(NotFound):
    code = "TAG_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("no such tag")


class FileNotFound(NotFound):
    code = "FILE_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("no such file")


class SessionNotFound(NotFound):
    code = "SESSION_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("no such session")


class Conflict(DomainError):
    """Somebody else was faster."""

    code = "CONFLICT"


class StaleTask(Conflict):
    def __init__(self) -> None:
        super().__init__("the task was changed by someone else")


class StaleUser(Conflict):
    def __init__(self) -> None:
        super().__init__("the user was changed by someone else")


class LastAdmin(Conflict):
    code = "LAST_ADMIN"

    def __init__(self) -> None:
        super().__init__("the last active admin stays one")


class StaleSession(Conflict):
    def __init__(self) -> None:
        super().__init__("the session was changed by someone else")


class UsernameTaken(Conflict):
    code = "USERNAME_TAKEN"
    field = "username"

    def __init__(self) -> None:
        super().__init__("the username is taken")


class EmailTaken(Conflict):
    code = "EMAIL_TAKEN"
    field = "email"

    def __init__(self) -> None:
        super().__init__("the e-mail address is taken")


class PreconditionFailed(DomainError):
    """The caller named the versions it expects, and the stored one is another."""

    code = "PRECONDITION_FAILED"

    def __init__(self) -> None:
        super().__init__("it was changed since the version named")
