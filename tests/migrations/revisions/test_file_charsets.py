"""Texts from before revision 0011 are UTF-8; other files have no charset."""

from adapters.sql.schema.migrator import SqlSchema
from tests.contracts.files.files import add
from tests.contracts.given import register
from tests.migrations.databases import opened
from tests.support.builders import ANN, a_file, a_user


async def test_files_from_before_get_their_charset(url: str) -> None:
    schema = SqlSchema(url)
    await schema.upgrade()
    text, unknown = a_file(), a_file(charset=None)
    picture = a_file(content_type="image/png", charset=None)
    async with opened(url) as storage:
        await register(storage, a_user(id=ANN))
        await add(storage, text, unknown, picture)
    await schema.downgrade("0010")
    await schema.upgrade()
    async with opened(url) as storage, storage.unit_of_work() as uow:
        found = [(await uow.files.get(file.id, owner_id=ANN)).charset for file in (text, unknown, picture)]
    assert found == ["utf-8", "utf-8", None]
