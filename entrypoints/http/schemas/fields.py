"""How the domain's values look in JSON. What they must be is the domain's to say; here it is only described."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema

from domain.calendar import Due, Moment, in_utc
from domain.errors import InvalidDue, InvalidTag
from domain.identity.user import (
    EMAIL_PATTERN,
    USERNAME_PATTERN,
    Role,
    User,
    UserId,
    valid_email,
    valid_full_name,
    valid_timezone,
    valid_username,
)
from domain.tasks.tag import MAX_TAGS, Tag, tag_set
from domain.tasks.task import Priority, Status, Task, TaskId, valid_description, valid_title
from domain.text import INVISIBLE, VISIBLE_PATTERN, is_storable

NO_NUL: Final = "^[^\x00]*$"
_TAG: Final = f"[^,/\x00-\x1f\x7f-\x9f]*[^,/{INVISIBLE}][^,/\x00-\x1f\x7f-\x9f]*"
TAG_PATTERN: Final = rf"^(?!\.\.?$){_TAG}$"
TAG_LIST_PATTERN: Final = f"^({_TAG}(,{_TAG}){{0,{MAX_TAGS - 1}}})?$"
_INSTANT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:)(\d\d)(?:\.(\d{1,6})\d*)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _text(**schema: Any) -> Any:
    return WithJsonSchema({"type": "string", **schema})


def _moment(text: object) -> Moment:
    """A day, or an RFC 3339 date-time, to the microsecond. A leap second is the end of the one before it."""
    if isinstance(text, str):
        try:
            if _DAY.fullmatch(text):
                return date.fromisoformat(text)
            if found := _INSTANT.fullmatch(text):
                day, minute, second, fraction, offset = found.groups()
                if second == "60":
                    second, fraction = "59", "999999"
                offset = "+00:00" if offset in "Zz" else offset
                return in_utc(datetime.fromisoformat(f"{day}T{minute}{second}.{fraction or 0:0<6}{offset}"))
        except ValueError:
            pass
    raise InvalidDue("a day is YYYY-MM-DD, an instant an RFC 3339 date-time with an offset")


def _due(text: object) -> Due:
    return Due(_moment(text))


def _tag(text: object) -> Tag:
    if not isinstance(text, str):
        raise InvalidTag("a tag is text")
    return Tag(text)


def tags_in(text: str) -> frozenset[Tag]:
    return frozenset(tag_set(map(Tag, text.split(",")))) if text else frozenset()


def _tag_list(text: str) -> str:
    tags_in(text)
    return text


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueError("text has no NUL")
    return text


def uuid_of(text: object) -> UUID:
    if isinstance(text, str) and _UUID.fullmatch(text):
        return UUID(text)
    raise ValueError("an id is a UUID")


_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)

_MOMENT_SCHEMA: Final = WithJsonSchema(
    {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
)

TitleText = Annotated[
    str, AfterValidator(valid_title), _text(minLength=1, maxLength=Task.MAX_TITLE, pattern=VISIBLE_PATTERN)
]
DescriptionText = Annotated[
    str, AfterValidator(valid_description), _text(maxLength=Task.MAX_DESCRIPTION, pattern=NO_NUL)
]
IdText = Annotated[str, _text(format="uuid")]
StatusText = Annotated[str, _text(enum=list(Status))]
PriorityText = Annotated[str, _text(enum=list(Priority))]
RoleText = Annotated[str, _text(enum=list(Role))]
StatusName = Annotated[Status, Field(strict=False)]
PriorityName = Annotated[Priority, Field(strict=False)]
DueText = Annotated[Due, PlainValidator(_due), _MOMENT_SCHEMA]
MomentText = Annotated[Moment, PlainValidator(_moment), _MOMENT_SCHEMA]
TagName = Annotated[Tag, PlainValidator(_tag), _text(minLength=1, maxLength=Tag.MAX_LENGTH, pattern=TAG_PATTERN)]
TagList = Annotated[str, AfterValidator(_tag_list), _text(pattern=TAG_LIST_PATTERN, examples=["home,urgent"])]
TagNames = Annotated[list[TagName], Field(max_length=MAX_TAGS)]
TaskIdText = Annotated[TaskId, PlainValidator(uuid_of), _text(format="uuid")]

OwnerId = Annotated[UserId, PlainValidator(uuid_of), _text(format="uuid")]
RoleName = Annotated[Role, Field(strict=False)]
UsernameText = Annotated[str, AfterValidator(valid_username), _text(pattern=USERNAME_PATTERN)]
EmailText = Annotated[
    str, AfterValidator(valid_email), _text(format="email", maxLength=User.MAX_EMAIL, pattern=EMAIL_PATTERN)
]
FullNameText = Annotated[
    str,
    AfterValidator(valid_full_name),
    _text(minLength=1, maxLength=User.MAX_FULL_NAME, pattern=VISIBLE_PATTERN),
]
TimeZoneName = Annotated[str, AfterValidator(valid_timezone), _text(format="timezone", examples=["Europe/Berlin"])]
NewPassword = Annotated[str, _text(format="password", examples=["Correct-Horse-7"])]
Password = Annotated[str, AfterValidator(_storable), _text(format="password", pattern=NO_NUL)]
LoginName = Annotated[str, AfterValidator(_storable), _text(pattern=NO_NUL)]


def _flag(text: object) -> bool:
    if text not in ("true", "false"):
        raise ValueError("a flag is true or false")
    return text == "true"


def _natural(text: object) -> object:
    if isinstance(text, str) and not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise ValueError("a number has only digits")
    return text


Flag = Annotated[bool, PlainValidator(_flag), WithJsonSchema({"type": "boolean"})]
digits = BeforeValidator(_natural)
"""Before a number in a query: nothing but digits, where Python would take blanks and underscores too."""
