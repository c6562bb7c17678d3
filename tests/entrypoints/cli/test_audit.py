import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.sql.storage import SqlStorage
from entrypoints.cli.app import app
from tests.conftest import run_in_thread
from tests.support.builders import NOW, a_user, an_audit_event

KIM = a_user(username="kim", email="kim@example.com")
LOGIN = an_audit_event(user_id=KIM.id, actor_id=KIM.id, ip_address="192.0.2.1", details={"note": "\x1b[31m\n"})
CHANGE = an_audit_event("user_changed", at=NOW + timedelta(days=1), user_id=KIM.id, details={"fields": ["email"]})
OTHER = an_audit_event("login_failed", at=NOW + timedelta(days=2), is_suspicious=True)


@pytest.fixture
def database(sqlite_url: str) -> str:
    async def prepare() -> None:
        storage = SqlStorage(sqlite_url)
        await storage.open()
        async with storage.unit_of_work() as uow:
            await uow.users.add(KIM)
            await uow.audit_events.add(LOGIN, CHANGE, OTHER)
            await uow.commit()
        await storage.close()

    run_in_thread(prepare())
    return sqlite_url


def test_events_are_listed_and_filtered(empty_directory: Path, database: str) -> None:
    def run(*arguments: str) -> Result:
        return CliRunner(env={"DATABASE_URL": database, "NO_COLOR": "1"}).invoke(app, ["audit", *arguments])

    def names(*arguments: str) -> list[str]:
        return [event["event"] for event in json.loads(run("--json", *arguments).stdout)["items"]]

    lines = [line.split("\t") for line in run().stdout.splitlines()]
    assert [line[:3] for line in lines] == [
        ["2026-03-06T12:00:00Z", "warning", "login_failed"],
        ["2026-03-05T12:00:00Z", "info", "user_changed"],
        ["2026-03-04T12:00:00Z", "info", "login"],
    ]
    assert lines[2][3:6] == [str(KIM.id), str(KIM.id), "192.0.2.1"]
    assert names("--user", "KIM") == names("--user", str(KIM.id)) == ["user_changed", "login"]
    assert names("--event", "login") == names("--until", "2026-03-05") == ["login"]
    assert names("--since", "2026-03-05T12:00:00Z", "--limit", "1") == ["login_failed"]
    for wrong in (("--user", "lee"), ("--event", "Login"), ("--since", "yesterday")):
        refused = run(*wrong)
        assert (refused.exit_code in (1, 2), refused.stdout) == (True, "")
        assert refused.stderr.startswith(("no user", "event must", "the value must")), refused.stderr
