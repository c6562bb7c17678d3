"""Two worker processes with one PostgreSQL and one Valkey: revocations and limits apply to workers."""

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
from tests.conftest import run_in_thread
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
from tests.entrypoints.http.service_process import COMMAND, TIMEOUT, ServerProcess
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
    run_in_thread(postgres.create_database(name))
    run_in_thread(SqlSchema(postgres.url(name)).upgrade())
    yield postgres.url(name)
    run_in_thread(postgres.drop_database(name))


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
    """A worker process, used through a connection that it has accepted."""

    def __init__(self, client: httpx2.Client, port: int) -> None:
        self._client, self._port = client, port

    def send(self, method: str, path: str, user: User | None = None, json: object = None) -> httpx2.Response:
        response = self._client.request(method, path, json=json, headers=user.field if user else None)
        assert port_of(response) == self._port, "the client opened another connection, maybe to the other worker"
        return response

    def status(self, user: User, path: str = ME) -> int:
        return self.send("GET", path, user).status_code

    def log_in(self, name: str) -> User:
        response = self.send("POST", LOGIN, json={"username": name, "password": PASSWORD})
        assert response.status_code == 200, response.text
        return User(response.json()["user"]["id"], name, response.json()["access_token"])

    def new_user(self) -> User:
        account = an_account(f"user-{uuid4().hex[:12]}")
        assert self.send("POST", REGISTER, json=account).status_code == 201
        return self.log_in(account["username"])


@dataclass
class Workers:
    """A service with WORKERS worker processes. `connect` opens a new connection to each."""

    server: ServerProcess
    stack: ExitStack = field(default_factory=ExitStack)

    def connect(self) -> tuple[Worker, Worker]:
        found: dict[int, Worker] = {}
        deadline = time.monotonic() + TIMEOUT
        while len(found) < 2:
            assert time.monotonic() < deadline, "a worker accepts no connection"
            client = httpx2.Client(base_url=self.server.url, timeout=TIMEOUT, trust_env=False, verify=False)
            self.stack.callback(client.close)
            port = port_of(client.get("/health"))
            for process in self.server.workers():
                if any(each.raddr and each.raddr.port == port for each in process.net_connections("tcp")):
                    found[process.pid] = Worker(client, port)
        first, second = (found[pid] for pid in sorted(found))
        return first, second


@pytest.fixture
def workers(server: ServerProcess) -> Iterator[Workers]:
    workers = Workers(server)
    with workers.stack:
        yield workers


@pytest.fixture(scope="module")
def admin(server: ServerProcess, database_url: str) -> str:
    """Create an admin. Return the username."""
    environment = {"PATH": os.defpath, "DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}
    command = [str(COMMAND), "users", "create", "--username", "ada", "--email", "ada@example.com", "--role", "admin"]
    subprocess.run(command, input=f"{PASSWORD}\n".encode(), env=environment, check=True, timeout=TIMEOUT)
    return "ada"


def port_of(response: httpx2.Response) -> int:
    """Return the local port of the connection."""
    port: int = response.extensions["network_stream"].get_extra_info("client_addr")[1]
    return port


class Poller:
    """Send requests to a worker in a loop, so that its cache always holds a recent state."""

    def __init__(self, worker: Worker, user: User, path: str) -> None:
        self._stopped = Event()
        self._responses: list[tuple[float, int]] = []
        self._thread = Thread(target=self._poll, args=[worker, user, path], daemon=True)
        self._thread.start()

    def statuses_since(self, moment: float) -> set[int]:
        """Return the statuses of at least one request that was sent after this moment."""
        while not any(sent >= moment for sent, _ in self._responses):
            assert self._thread.is_alive()
            time.sleep(0.001)
        self._stopped.set()
        self._thread.join(TIMEOUT)
        return {status for sent, status in self._responses if sent >= moment}

    def _poll(self, worker: Worker, user: User, path: str) -> None:
        while not self._stopped.is_set():
            sent = time.monotonic()
            self._responses.append((sent, worker.status(user, path)))


def log_out(worker: Worker, user: User, admin: User) -> httpx2.Response:
    return worker.send("POST", LOGOUT, user)


def log_out_everywhere(worker: Worker, user: User, admin: User) -> httpx2.Response:
    return worker.send("POST", LOGOUT_ALL, worker.log_in(user.name))


def end_session(worker: Worker, user: User, admin: User) -> httpx2.Response:
    (session,) = (each for each in worker.send("GET", SESSIONS, user).json()["items"] if each["is_current"])
    return worker.send("DELETE", f"{SESSIONS}/{session['id']}", worker.log_in(user.name))


def change_password(worker: Worker, user: User, admin: User) -> httpx2.Response:
    change = {"current_password": PASSWORD, "new_password": "Another-Horse-8"}
    return worker.send("POST", CHANGE_PASSWORD, worker.log_in(user.name), change)


def deactivate(worker: Worker, user: User, admin: User) -> httpx2.Response:
    return worker.send("PATCH", f"{USERS}/{user.id}", admin, {"is_active": False})


def remove(worker: Worker, user: User, admin: User) -> httpx2.Response:
    return worker.send("DELETE", f"{USERS}/{user.id}", admin)


Revoke = Callable[[Worker, User, User], httpx2.Response]
REVOCATIONS: Final[tuple[Revoke, ...]] = (
    log_out,
    log_out_everywhere,
    end_session,
    change_password,
    deactivate,
    remove,
)


@pytest.mark.parametrize("revoke", REVOCATIONS)
@pytest.mark.parametrize("order", [1, -1])
def test_a_revocation_takes_effect_in_the_other_worker_at_once(
    workers: Workers, admin: str, revoke: Revoke, order: int
) -> None:
    one, other = workers.connect()[::order]
    _, polled = workers.connect()[::order]
    user, boss = one.new_user(), one.log_in(admin)
    assert one.status(user) == other.status(user) == 200
    poller = Poller(polled, user, ME)
    assert revoke(one, user, boss).is_success
    revoked_at = time.monotonic()
    assert other.status(user) == 401
    assert poller.statuses_since(revoked_at) == {401}


@pytest.mark.parametrize("order", [1, -1])
def test_a_new_role_takes_effect_in_the_other_worker_at_once(workers: Workers, admin: str, order: int) -> None:
    one, other = workers.connect()[::order]
    user, boss = one.new_user(), one.log_in(admin)
    for role, status in (("manager", 200), ("user", 403), ("admin", 200), ("user", 403)):
        _, polled = workers.connect()[::order]
        poller = Poller(polled, user, USERS)
        assert one.send("PATCH", f"{USERS}/{user.id}", boss, {"role": role}).status_code == 200
        changed_at = time.monotonic()
        assert other.status(user, USERS) == status
        assert poller.statuses_since(changed_at) == {status}


def write(worker: Worker, user: User) -> int:
    return worker.send("POST", TASKS, user, {"title": "x"}).status_code


def test_workers_count_requests_together(workers: Workers) -> None:
    pair = workers.connect()
    user = pair[0].new_user()
    statuses = [write(pair[number % 2], user) for number in range(WRITES + 2)]
    assert statuses == [201] * WRITES + [429] * 2


def require_separate_counts(workers: Workers) -> None:
    pair = workers.connect()
    user = pair[0].new_user()
    for worker in pair:
        assert [write(worker, user) for _ in range(WRITES + 1)] == [201] * WRITES + [429]


def require_shared_counts_soon(workers: Workers) -> None:
    """Retry: until both workers have reconnected, one of them may count separately and allow too many requests."""
    deadline, statuses = time.monotonic() + TIMEOUT, [0]
    while statuses != [201] * WRITES + [429] * 2:
        assert time.monotonic() < deadline
        one, other = workers.connect()
        user = one.new_user()
        statuses = [write(worker, user) for worker in (one, other) for _ in range(WRITES // 2 + 1)]


def test_each_worker_counts_in_process_while_valkey_hangs(workers: Workers, valkey: ValkeyServer) -> None:
    valkey.pause()
    require_separate_counts(workers)
    valkey.resume()
    require_shared_counts_soon(workers)


def test_each_worker_counts_in_process_while_valkey_is_down(workers: Workers, valkey: ValkeyServer) -> None:
    valkey.stop()
    require_separate_counts(workers)
    valkey.start()
    require_shared_counts_soon(workers)
