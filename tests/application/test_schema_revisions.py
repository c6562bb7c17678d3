"""Which versions of the application work with which revisions of the schema."""

import pytest

from application.storage import SchemaRevision

KNOWN = ("0001", "0002", "0003")


@pytest.mark.parametrize(
    ("revision", "is_served", "is_readable"),
    [
        (SchemaRevision("0003"), True, True),
        (SchemaRevision("0003", "0001"), True, True),
        (SchemaRevision("0002", "0001"), False, True),
        (SchemaRevision("0004", "0003"), True, True),
        (SchemaRevision("0009", "0002"), True, True),
        (SchemaRevision("0004", "0004"), False, False),
        (SchemaRevision("0004"), False, False),
    ],
    ids=str,
)
def test_a_version_serves_its_newest_revision_and_compatible_later_ones(
    revision: SchemaRevision, is_served: bool, is_readable: bool
) -> None:
    assert revision.is_served_by(KNOWN) is is_served
    assert revision.is_readable_by(KNOWN) is is_readable
