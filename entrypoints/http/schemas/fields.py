"""Values of the domain in JSON. The domain validates them; the schemas here only describe the rules."""

import re
from enum import StrEnum
from typing import Annotated, Any, Final, cast
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticKnownError
from pydantic_core.core_schema import definitions_schema

from domain.calendar import DateOrDatetime, Due, parse_date_or_datetime
from domain.errors import InvalidTag
from domain.identity.user import (
    EMAIL_PATTERN,
    USERNAME_PATTERN,
    Role,
    User,
    UserId,
    validate_email,
    validate_full_name,
    validate_timezone,
    validate_username,
)
from domain.tasks.status import Status
from domain.tasks.tag import MAX_GIVEN_TAGS, Tag, normalize_tags, parse_tags
from domain.tasks.task import Priority, Task, TaskId, validate_description, validate_title
from domain.text import INVISIBLE, PLAIN_PATTERN, VISIBLE_PATTERN, is_storable

WIRE_NAMES: Final = {"due": "due_date", "batch": "task_ids"}
"""Names of fields in the API, if they differ from the names in the domain."""

NO_NUL: Final = "^[^\x00]*$"
_TAG: Final = f"[^,/\x00-\x1f\x7f-\x9f]*[^,/{INVISIBLE}][^,/\x00-\x1f\x7f-\x9f]*"
TAG_PATTERN: Final = rf"^(?!\.\.?$){_TAG}$"
TAG_LIST_PATTERN: Final = f"^({_TAG}(,{_TAG}){{0,{MAX_GIVEN_TAGS - 1}}})?$"


def _text(**schema: Any) -> Any:
    return WithJsonSchema({"type": "string", **schema})


class _SchemaOf:
    """An annotation of text: its JSON schema is a reference to the schema of an enumeration."""

    def __init__(self, enumeration: type[StrEnum]) -> None:
        self._enumeration = enumeration

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        self._schema = handler.generate_schema(self._enumeration)
        return handler(source)

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(definitions_schema(self._schema, []))  # handlers call themselves only for parts of a schema


def _due(text: object) -> Due:
    return Due(parse_date_or_datetime(text))


def _tag(text: object) -> Tag:
    if not isinstance(text, str):
        raise InvalidTag("a tag must be text")
    return Tag(text)


def _tag_list(text: str) -> frozenset[Tag]:
    return frozenset(parse_tags(text.split(","))) if text else frozenset()


def at_most(limit: int) -> BeforeValidator:
    """Refuse a longer list as a whole, instead of each wrong element of it."""

    def check(value: object) -> object:
        if isinstance(value, list) and len(value) > limit:
            raise PydanticKnownError(
                "too_long", {"field_type": "List", "max_length": limit, "actual_length": len(value)}
            )
        return value

    return BeforeValidator(check)


def some_errors(limit: int) -> WrapValidator:
    """Validate a list up to the element with the error of this number. The list itself must fail fast.

    A list may have thousands of errors, and creating all of them takes longer than parsing the body.
    """

    def validate_list(values: Any, validate: ValidatorFunctionWrapHandler) -> Any:
        start = 0
        errors: list[InitErrorDetails] = []
        while not errors or (start < len(values) and len(errors) < limit):
            try:
                validated = validate(values[start:] if errors else values)
            except ValidationError as error:
                found = error.errors(include_url=False)
                if not found[0]["loc"]:
                    raise
                index = start + int(found[0]["loc"][0])
                errors += [cast(InitErrorDetails, {**each, "loc": (index, *each["loc"][1:])}) for each in found]
                start = index + 1
            else:
                if not errors:
                    return validated
                break
        raise ValidationError.from_exception_data("list", errors)

    return WrapValidator(validate_list)


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueError("text must not contain NUL")
    return text


def parse_uuid(text: object) -> UUID:
    if isinstance(text, str) and _UUID.fullmatch(text):
        return UUID(text)
    raise ValueError("an id must be a UUID")


_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)

_DATE_OR_DATETIME_SCHEMA: Final = WithJsonSchema(
    {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
)

TitleText = Annotated[
    str, AfterValidator(validate_title), _text(minLength=1, maxLength=Task.MAX_TITLE, pattern=VISIBLE_PATTERN)
]
DescriptionText = Annotated[
    str, AfterValidator(validate_description), _text(maxLength=Task.MAX_DESCRIPTION, pattern=NO_NUL)
]
IdText = Annotated[str, _text(format="uuid")]
StatusText = Annotated[str, _SchemaOf(Status)]
PriorityText = Annotated[str, _SchemaOf(Priority)]
RoleText = Annotated[str, _SchemaOf(Role)]
StatusName = Annotated[Status, Field(strict=False)]
PriorityName = Annotated[Priority, Field(strict=False)]
DueText = Annotated[Due, PlainValidator(_due), _DATE_OR_DATETIME_SCHEMA]
DateOrDatetimeText = Annotated[DateOrDatetime, PlainValidator(parse_date_or_datetime), _DATE_OR_DATETIME_SCHEMA]
TagName = Annotated[Tag, PlainValidator(_tag), _text(minLength=1, maxLength=Tag.MAX_LENGTH, pattern=TAG_PATTERN)]
TagList = Annotated[
    frozenset[Tag], PlainValidator(_tag_list), _text(pattern=TAG_LIST_PATTERN, examples=["home,urgent"])
]
TagNames = Annotated[
    list[TagName],
    Field(max_length=MAX_GIVEN_TAGS),
    at_most(MAX_GIVEN_TAGS),
    AfterValidator(normalize_tags),
]
TaskIdText = Annotated[TaskId, PlainValidator(parse_uuid), _text(format="uuid")]

UserIdText = Annotated[UserId, PlainValidator(parse_uuid), _text(format="uuid")]
OwnerId = Annotated[
    UserIdText | None,
    Field(
        description="The user whose data to read. Managers and admins may name any user. By default, the caller.",
    ),
]
"""The parameter `owner_id`."""
RoleName = Annotated[Role, Field(strict=False)]
UsernameText = Annotated[str, AfterValidator(validate_username), _text(pattern=USERNAME_PATTERN)]
EmailText = Annotated[
    str, AfterValidator(validate_email), _text(format="email", maxLength=User.MAX_EMAIL, pattern=EMAIL_PATTERN)
]
FullNameText = Annotated[
    str,
    AfterValidator(validate_full_name),
    _text(minLength=1, maxLength=User.MAX_FULL_NAME, pattern=PLAIN_PATTERN),
]
TimeZoneName = Annotated[str, AfterValidator(validate_timezone), _text(format="timezone", examples=["Europe/Berlin"])]
NewPassword = Annotated[str, _text(format="password", examples=["Correct-Horse-7"])]
Password = Annotated[str, AfterValidator(_storable), _text(format="password", pattern=NO_NUL)]
LoginName = Annotated[str, AfterValidator(_storable), _text(pattern=NO_NUL)]


def _flag(text: object) -> bool:
    if text not in ("true", "false"):
        raise ValueError("the value must be true or false")
    return text == "true"


def _natural(text: object) -> object:
    if isinstance(text, str) and not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise ValueError("a number must have only digits")
    return text


Flag = Annotated[bool, PlainValidator(_flag), WithJsonSchema({"type": "boolean"})]
digits = BeforeValidator(_natural)
"""Allow only digits in a number of a query. Python itself also accepts spaces and underscores."""
