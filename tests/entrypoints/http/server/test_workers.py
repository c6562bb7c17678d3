"""Two worker processes on one PostgreSQL and one Valkey: what one of them decides, the other keeps to."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Final
from uuid import uuid4

import httpx2
import pytest

from adapters.sql.schema.migrator import SqlSchema
from tests.conftest import run_apart
from tests.entrypoints.http.given import (
    CHANGE_PASSWORD,
    LOGIN,
    LOGOUT,
    LOGOUT_ALL,
    ME,
    PASSWORD,
    REGISTER,
    SECRET_KEY,
    SESSIONS,
    TASKS,
    USERS,
    an_account,
)
from tests.entrypoints.http.service_process import COMMAND, PATIENCE, ServerProcess
from tests.servers.postgres import Postgres
from tests.servers.valkey import ValkeyServer

pytestmark = pytest.mark.xdist_group("workers")

WRITES: Final = 20
LIMITS: Final = {
    "RATE_LIMIT_READ": "1000000/day",
    "RATE_LIMIT_WRITE": f"{WRITES}/day",
    "RATE_LIMIT_LOGIN": "1000000/day",
    "RATE_LIMIT_REGISTER": "1000000/day",
}


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    run_apart(postgres.create_database(name))
    run_apart(SqlSchema(postgres.url(name)).upgrade())
    yield postgres.url(name)
    run_apart(postgres.drop_database(name))


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, database_url: str, valkey: ValkeyServer
) -> Iterator[ServerProcess]:
    directory = tmp_path_factory.mktemp("workers")
    environment = {"REDIS_URL": valkey.url, "MAIL_URL": f"file://{directory}/mail", **LIMITS}
    with ServerProcess(directory, database_url, workers=2, **environment) as server:
        yield server
        server.stop()


@dataclass
class User:
    id: str
    name: str
    token: str

    @property
    def field(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


class Worker:
    """One of the processes, asked through a connection that it has accepted."""

    def __init__(self, client: httpx2.Client, port: int) -> None:
        self._client, self._port = client, port

    def ask(self, method: str, path: str, user: User | None = None, json: object = None) -> httpx2.Response:
        answer = self._client.request(method, path, json=json, headers=user.field if user else None)
        assert port_of(answer) == self._port, "another connection, and who knows whose"
        return answer

    def status(self, user: User, path: str = ME) -> int:
        return self.ask("GET", path, user).status_code

    def log_in(self, name: str) -> User:
        answer = self.ask("POST", LOGIN, json={"username": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return User(answer.json()["user"]["id"], name, answer.json()["access_token"])

    def new_user(self) -> User:
        account = an_account(f"user-{uuid4().hex[:12]}")
        assert self.ask("POST", REGISTER, json=account).status_code == 201
        return self.log_in(account["username"])


@dataclass
class Both:
    """A new connection to each, whenever that is asked for."""

    server: ServerProcess
    stack: ExitStack = field(default_factory=ExitStack)

    def connect(self) -> tuple[Worker, Worker]:
        found: dict[int, Worker] = {}
        deadline = time.monotonic() + PATIENCE
        while len(found) < 2:
            assert time.monotonic() < deadline, "one of them accepts nothing"
            client = httpx2.Client(base_url=self.server.url, timeout=PATIENCE, trust_env=False)
            self.stack.callback(client.close)
            port = port_of(client.get("/health"))
            for process in self.server.workers():
                if any(each.raddr and each.raddr.port == port for each in process.net_connections("tcp")):
                    found[process.pid] = Worker(client, port)
        first, second = (found[pid] for pid in sorted(found))
        return first, second


@pytest.fixture
def both(server: ServerProcess) -> Iterator[Both]:
    both = Both(server)
    with both.stack:
        yield both


@pytest.fixture(scope="module")
def admin(server: ServerProcess, database_url: str) -> str:
    """The name of one."""
    environment = {"PATH": os.defpath, "DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}
    command = [str(COMMAND), "users", "create", "--username", "ada", "--email", "ada@example.com", "--role", "admin"]
    subprocess.run(command, input=f"{PASSWORD}\n".encode(), env=environment, check=True, timeout=PATIENCE)
    return "ada"


def port_of(answer: httpx2.Response) -> int:
    """Of our end of the connection."""
    port: int = answer.extensions["network_stream"].get_extra_info("client_addr")[1]
    return port


class Asking:
    """One worker, over and over, so that it always knows the answer from just before."""

    def __init__(self, worker: Worker, user: User, path: str) -> None:
        self._ended = Event()
        self._answers: list[tuple[float, int]] = []
        self._thread = Thread(target=self._ask, args=[worker, user, path], daemon=True)
        self._thread.start()

    def statuses_since(self, moment: float) -> set[int]:
        """Of requests sent from then on; there is one at least."""
        while not any(sent >= moment for sent, _ in self._answers):
            assert self._thread.is_alive()
            time.sleep(0.001)
        self._ended.set()
        self._thread.join(PATIENCE)
        return {status for sent, status in self._answers if sent >= moment}

    def _ask(self, worker: Worker, user: User, path: str) -> None:
        while not self._ended.is_set():
            sent = time.monotonic()
            self._answers.append((sent, worker.status(user, path)))


def log_out(worker: Worker, user: User, admin: User) -> httpx2.Response:
    return worker.ask("POST", LOGOUT, user)


def log_out_everywhere(worker: Worker, user: User, admin: User) -> httpx2.Response:
    return worker.ask("POST", LOGOUT_ALL, worker.log_in(user.name))


def end_the_session(worker: Worker, user: User, admin: User) -> httpx2.Response:
    (session,) = (each for each in worker.ask("GET", SESSIONS, user).json()["items"] if each["is_current"])
    return worker.ask("DELETE", f"{SESSIONS}/{session['id']}", worker.log_in(user.name))


def change_the_password(worker: Worker, user: User, admin: User) -> httpx2.Response:
    change = {"current_password": PASSWORD, "new_password": "Another-Horse-8"}
    return worker.ask("POST", CHANGE_PASSWORD, worker.log_in(user.name), change)


def deactivate(worker: Worker, user: User, admin: User) -> httpx2.Response:
    return worker.ask("PATCH", f"{USERS}/{user.id}", admin, {"is_active": False})


def remove(worker: Worker, user: User, admin: User) -> httpx2.Response:
    return worker.ask("DELETE", f"{USERS}/{user.id}", admin)


Revoke = Callable[[Worker, User, User], httpx2.Response]
REVOCATIONS: Final[tuple[Revoke, ...]] = (
    log_out,
    log_out_everywhere,
    end_the_session,
    change_the_password,
    deactivate,
    remove,
)


@pytest.mark.parametrize("revoke", REVOCATIONS)
@pytest.mark.parametrize("order", [1, -1])
def test_what_one_revokes_the_other_refuses_from_then_on(both: Both, admin: str, revoke: Revoke, order: int) -> None:
    one, other = both.connect()[::order]
    _, asked = both.connect()[::order]
    user, boss = one.new_user(), one.log_in(admin)
    assert one.status(user) == other.status(user) == 200
    asking = Asking(asked, user, ME)
    assert revoke(one, user, boss).is_success
    revoked_at = time.monotonic()
    assert other.status(user) == 401
    assert asking.statuses_since(revoked_at) == {401}


@pytest.mark.parametrize("order", [1, -1])
def test_another_role_holds_at_both_from_then_on(both: Both, admin: str, order: int) -> None:
    one, other = both.connect()[::order]
    user, boss = one.new_user(), one.log_in(admin)
    for role, status in (("manager", 200), ("user", 403), ("admin", 200), ("user", 403)):
        _, asked = both.connect()[::order]
        asking = Asking(asked, user, USERS)
        assert one.ask("PATCH", f"{USERS}/{user.id}", boss, {"role": role}).status_code == 200
        changed_at = time.monotonic()
        assert other.status(user, USERS) == status
        assert asking.statuses_since(changed_at) == {status}


def write(worker: Worker, user: User) -> int:
    return worker.ask("POST", TASKS, user, {"title": "x"}).status_code


def test_they_count_together(both: Both) -> None:
    workers = both.connect()
    user = workers[0].new_user()
    statuses = [write(workers[number % 2], user) for number in range(WRITES + 2)]
    assert statuses == [201] * WRITES + [429] * 2


def require_counting_alone(both: Both) -> None:
    workers = both.connect()
    user = workers[0].new_user()
    for worker in workers:
        assert [write(worker, user) for _ in range(WRITES + 1)] == [201] * WRITES + [429]


def require_counting_together_soon(both: Both) -> None:
    """Until both have found out, one or the other counts alone, and lets too many through."""
    deadline, statuses = time.monotonic() + PATIENCE, [0]
    while statuses != [201] * WRITES + [429] * 2:
        assert time.monotonic() < deadline
        one, other = both.connect()
        user = one.new_user()
        statuses = [write(worker, user) for worker in (one, other) for _ in range(WRITES // 2 + 1)]


def test_while_valkey_hangs_each_counts_alone_until_it_is_back(both: Both, valkey: ValkeyServer) -> None:
    valkey.pause()
    require_counting_alone(both)
    valkey.resume()
    require_counting_together_soon(both)


def test_while_valkey_is_gone_each_counts_alone_until_it_is_back(both: Both, valkey: ValkeyServer) -> None:
    valkey.stop()
    require_counting_alone(both)
    valkey.start()
    require_counting_together_soon(both)
