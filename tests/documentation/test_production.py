"""The guide names every table once, and shards those that can be by the column they can be sharded by."""

import re
from typing import Final

from adapters.sql.schema.tables import metadata
from tests.architecture.sources import ROOT
from tests.deployment.files import programs

GUIDE: Final = (ROOT / "docs/production.md").read_text()
DISTRIBUTED: Final = dict(re.findall(r"create_distributed_table\('(\w+)', '(\w+)'", GUIDE))
LOCAL: Final = set(re.findall(r"`(\w+)`", GUIDE.partition("stay on the coordinator:")[2].partition(". ")[0]))


def test_every_table_is_sharded_or_stays() -> None:
    assert set(DISTRIBUTED) | LOCAL == set(metadata.tables)
    assert set(DISTRIBUTED) & LOCAL == set()


def test_tables_are_sharded_by_what_is_first_in_their_key() -> None:
    first = {name: next(iter(metadata.tables[name].primary_key.columns)).name for name in DISTRIBUTED}

    assert first == DISTRIBUTED


def test_no_reference_crosses_shards_or_comes_before_what_it_refers_to() -> None:
    order = list(DISTRIBUTED)
    for name, table in metadata.tables.items():
        for constraint in table.foreign_key_constraints:
            referred = constraint.referred_table.name
            assert name in DISTRIBUTED
            assert order.index(referred) < order.index(name)
            assert DISTRIBUTED[name] in {key.parent.name for key in constraint.elements}


def test_the_services_it_calls_are_those_of_compose() -> None:
    called = set(re.findall(r"docker compose run --rm (?:-T )?(\w+)", GUIDE))

    assert called <= set(programs())
