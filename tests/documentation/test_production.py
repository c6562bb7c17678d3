"""The guide for production matches the schema: each table is sharded by the first column of its key, or local."""

import re
import shlex
from pathlib import Path
from typing import Final

import pytest

from adapters.sql.schema.tables import metadata
from tests.deployment.commands import parse_command
from tests.deployment.files import compose
from tests.documentation.guide import GUIDE, INDEX, PAGES, blocks

DISTRIBUTED: Final = dict(re.findall(r"create_distributed_table\('(\w+)', '(\w+)'", GUIDE))
LOCAL: Final = set(re.findall(r"`(\w+)`", GUIDE.partition("stay on the coordinator:")[2].partition(". ")[0]))

COMMAND: Final = re.compile(
    r"(?:^|\| *xargs -r |-- )(?:[A-Z_]+=\S+ )?(?:docker compose run (?:-\S+ )*operator|task-manager)\b([^|<>#\n]*)",
    re.MULTILINE,
)
UUID: Final = "0198c0de-0000-7000-8000-000000000000"


def test_every_table_is_either_sharded_or_local() -> None:
    assert set(DISTRIBUTED) | LOCAL == set(metadata.tables)
    assert set(DISTRIBUTED) & LOCAL == set()


def test_tables_are_sharded_by_the_first_column_of_their_key() -> None:
    first = {name: next(iter(metadata.tables[name].primary_key.columns)).name for name in DISTRIBUTED}

    assert first == DISTRIBUTED


def test_foreign_keys_stay_in_one_shard_and_refer_to_earlier_tables() -> None:
    order = list(DISTRIBUTED)
    for name, table in metadata.tables.items():
        for constraint in table.foreign_key_constraints:
            referred = constraint.referred_table.name
            assert name in DISTRIBUTED
            assert order.index(referred) < order.index(name)
            assert DISTRIBUTED[name] in {key.parent.name for key in constraint.elements}


def test_the_guide_uses_only_services_of_the_compose_file() -> None:
    called = re.findall(r"docker compose (?:run|exec) ((?:--?[\w-]+(?: sh| cat| ls| rm)? )*)(\w+)", GUIDE)

    assert {service for _, service in called} <= set(compose()["services"])


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_the_guide_are_valid(page: str) -> None:
    for arguments in COMMAND.findall("\n".join(blocks(page, "sh")).replace("|\n", "| ")):
        words = [UUID if word == "USER_ID" else word for word in shlex.split(arguments)]
        parse_command([*words, UUID] if words[-1] == "--yes" and words[0] == "users" else words)  # ids come from xargs


def test_the_index_links_to_every_page() -> None:
    assert set(re.findall(r"\(production/([\w-]+)\.md\)", INDEX.read_text())) == set(PAGES)


@pytest.mark.parametrize("page", [INDEX, *(INDEX.parent / "production").glob("*.md")], ids=lambda page: page.stem)
def test_links_of_the_guide_lead_to_existing_files_and_headings(page: Path) -> None:
    for link, heading in re.findall(r"\]\(([^)#:]*)(?:#([\w-]+))?\)", page.read_text()):
        target = page.parent / link if link else page
        assert target.is_file(), link
        headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
        assert not heading or heading in {title.lower().replace(" ", "-") for title in headings}, heading
