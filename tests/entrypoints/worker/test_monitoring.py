"""The port of a separate worker."""

import asyncio

import httpx2
from dependency_injector import providers

from application.identity.mails import WELCOME_MAIL
from application.identity.registration import CreateUser
from domain.identity.user import Role
from entrypoints.wiring.container import Container, open_container
from entrypoints.worker.monitoring import serve_monitoring
from tests.entrypoints.given import make_settings
from tests.entrypoints.http.middleware.test_metrics import read, value


async def test_a_worker_reports_its_health_and_the_attempts_at_its_jobs() -> None:
    container = Container(settings=providers.Object(make_settings(storage="memory")))
    async with open_container(container), serve_monitoring("127.0.0.1", 0, container.metrics()) as port:
        ann = CreateUser(username="ann", email="ann@example.com", password="Correct-Horse-7", role=Role.USER)
        await container.services().bootstrap.create_user(ann)
        await container.services().job_worker.work()
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            health = await client.get("/health", headers={"Host": "10.1.2.3"})
            samples = read((await client.get("/metrics")).text)
            others = [(await client.get("/")).status_code, (await client.post("/metrics")).status_code]

    assert (health.status_code, health.json()) == (200, {"status": "healthy"})
    assert value(samples, "task_manager_job_attempts_total", kind=WELCOME_MAIL, outcome="done") == 1
    assert value(samples, "task_manager_dependency_up", dependency="database") == 1
    assert value(samples, "task_manager_processes") == 1
    assert value(samples, "process_resident_memory_bytes") > 0
    assert others == [404, 405]


async def test_the_port_responds_until_the_jobs_have_ended() -> None:
    container = Container(settings=providers.Object(make_settings(storage="memory")))
    async with open_container(container), serve_monitoring("127.0.0.1", 0, container.metrics()) as port:
        stop = asyncio.Event()
        stop.set()
        await container.services().job_worker.run(stop)
        async with httpx2.AsyncClient(trust_env=False) as client:
            response = await client.get(f"http://127.0.0.1:{port}/health")

    assert response.status_code == 200
