"""Middleware: security headers, hosts, schemes, origins, compression."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

import pytest
from dependency_injector import providers
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response
from starlette.types import Receive, Scope, Send

from entrypoints.wiring.container import Container
from tests.entrypoints.http.conftest import Connect, connected
from tests.entrypoints.http.conventions import Conventions
from tests.entrypoints.http.given import LOGIN, ME, TASKS, UNKNOWN, create, create_all, in_memory, path_of, sign_up

pytestmark = in_memory

ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
EVERY_KIND: Final[list[tuple[str, str, int]]] = [
    ("GET", "/health", 200),
    ("GET", "/docs", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/static/docs.js", 200),
    ("GET", TASKS, 200),
    ("GET", ME, 200),
    ("POST", TASKS, 422),
    ("GET", "/nowhere", 404),
    ("GET", f"{TASKS}/{UNKNOWN}", 404),
    ("PUT", TASKS, 405),
    ("GET", "/api/v1/tags", 500),
]
APP: Final = "https://app.test"


class BrokenTags:
    async def list(self, *_: object, **__: object) -> None:
        raise RuntimeError("a bug")


@pytest.fixture
async def bare(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """A client without checks, for responses outside the document: preflights, redirects, internal errors."""
    async with AsyncClient(transport=ASGITransport(app), base_url="http://tasks.test") as client:
        yield client


@pytest.fixture
async def own_conventions(app: FastAPI) -> AsyncIterator[Connect]:
    """Clients whose responses are checked against the document of this app with its settings."""
    async with connected(app, Conventions(app.openapi())) as connect:
        yield connect


class TestHeaders:
    @pytest.fixture
    def container(self, container: Container) -> Container:
        broken: Any = BrokenTags()
        container.services.override(providers.Object(replace(container.services(), tags=broken)))
        return container

    @pytest.mark.parametrize(("method", "path", "status"), EVERY_KIND)
    async def test_every_response_has_the_security_headers(
        self, bare: AsyncClient, method: str, path: str, status: int
    ) -> None:
        await sign_up(bare, "ann")
        response = await bare.request(method, path)

        assert response.status_code == status
        assert {name: response.headers.get(name) for name in ALWAYS} == ALWAYS
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert len(response.headers.get_list("content-security-policy")) == 1
        assert response.headers.get("Cache-Control") == ("no-store" if path.startswith(("/api/", "/health")) else None)
        assert {"server", "x-powered-by", "strict-transport-security"}.isdisjoint(response.headers)


class TestProduction:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"environment": "production", "allowed_origins": (APP,)}

    @pytest.mark.parametrize("path", ["/health", TASKS, "/nowhere"])
    async def test_responses_have_strict_transport_security(self, bare: AsyncClient, path: str) -> None:
        assert (await bare.get(path)).headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"


class TestAllowedOrigins:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"allowed_origins": (APP,)}

    def preflight(self, origin: str, method: str = "PATCH") -> dict[str, str]:
        names = "authorization,content-type,idempotency-key,if-match"
        return {
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": names,
        }

    async def test_an_allowed_application_may_send_requests_and_read_responses(self, bare: AsyncClient) -> None:
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            response = await bare.options(TASKS, headers=self.preflight(APP, method))
            assert response.status_code == 200
            assert response.headers["Access-Control-Allow-Origin"] == APP
            assert method in response.headers["Access-Control-Allow-Methods"]
        response = await bare.get(TASKS, headers={"Origin": APP})
        assert response.headers["Access-Control-Allow-Origin"] == APP
        assert {
            *("Accept-Ranges", "Content-Disposition", "Content-Range", "ETag", "Idempotency-Replayed", "Location"),
            *("RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"),
        } == set(response.headers["Access-Control-Expose-Headers"].split(", "))
        assert "Origin" in response.headers["Vary"]

    @pytest.mark.parametrize("origin", ["https://evil.test", "http://app.test", f"{APP}.evil.test", "null", "*", ""])
    async def test_other_origins_are_refused(self, bare: AsyncClient, origin: str) -> None:
        response = await bare.options(TASKS, headers=self.preflight(origin))
        require_refused(response)
        assert "Access-Control-Allow-Origin" not in (await bare.get(TASKS, headers={"Origin": origin})).headers

    @pytest.mark.parametrize(
        "header", [("Access-Control-Request-Method", "TRACE"), ("Access-Control-Request-Headers", "x-forwarded-for")]
    )
    async def test_other_methods_and_headers_are_refused(self, bare: AsyncClient, header: tuple[str, str]) -> None:
        require_refused(await bare.options(TASKS, headers=self.preflight(APP) | dict([header])))

    @pytest.mark.parametrize("origin", [APP, "https://evil.test"])
    async def test_every_response_to_any_origin_is_documented(self, own_conventions: Connect, origin: str) -> None:
        client = own_conventions()
        client.headers["Origin"] = origin
        await sign_up(client, "ann")
        task = await create(client)
        for method, path, status in (
            ("GET", path_of(task), 200),
            ("POST", TASKS, 422),
            ("GET", f"{TASKS}/{UNKNOWN}", 404),
            ("DELETE", path_of(task), 204),
            ("PUT", TASKS, 405),
            ("OPTIONS", TASKS, 405),
        ):
            response = await client.request(method, path)
            assert response.status_code == status
            assert response.headers.get("Access-Control-Allow-Origin") == (origin if origin == APP else None)


def require_refused(response: Response) -> None:
    assert response.status_code == 403
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["error_code"] == "FORBIDDEN"
    assert "Origin" in response.headers["Vary"]
    assert not any(name.startswith("access-control") for name in response.headers)


async def test_no_origin_is_allowed_by_default(bare: AsyncClient) -> None:
    headers = {"Origin": APP, "Access-Control-Request-Method": "GET"}
    for response in (await bare.options(TASKS, headers=headers), await bare.get("/health", headers=headers)):
        assert "Access-Control-Allow-Origin" not in response.headers


class TestTrustedHosts:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"trusted_hosts": ("tasks.test", "*.example.com", "[::1]")}

    @pytest.mark.parametrize("host", ["tasks.test", "TASKS.test:8000", "a.example.com", "[::1]:8000"])
    async def test_trusted_hosts_are_served(self, client: AsyncClient, host: str) -> None:
        assert (await client.get(TASKS, headers={"Host": host})).status_code == 401

    @pytest.mark.parametrize("path", ["/health", "/monitoring/health", "/monitoring/metrics"])
    async def test_probes_accept_each_well_formed_host(self, client: AsyncClient, path: str) -> None:
        assert (await client.get(path, headers={"Host": "10.1.2.3:8000"})).status_code == 200
        assert (await client.get(path, headers={"Host": "10.1.2.3@evil.test"})).status_code == 400

    @pytest.mark.parametrize(
        "host", ["evil.test", "", ":80", "tasks.test.evil.test", "example.com", "tasks.test@evil.test"]
    )
    @pytest.mark.parametrize("path", [TASKS, "/nowhere"])
    async def test_other_hosts_are_refused(self, client: AsyncClient, host: str, path: str) -> None:
        response = await client.get(path, headers={"Host": host})
        assert response.status_code == 400
        assert response.json()["error_code"] == "INVALID_HOST"


@pytest.mark.parametrize("hosts", [[], [""], ["tasks.test", "tasks.test"], ["tasks.test", "evil.test"]])
@pytest.mark.parametrize("path", ["/health", TASKS])
async def test_a_missing_or_repeated_host_is_refused(client: AsyncClient, hosts: list[str], path: str) -> None:
    request = client.build_request("GET", path, headers=[("Host", host) for host in hosts])
    if not hosts:
        del request.headers["Host"]
    response = await client.send(request)
    assert response.status_code == 400
    assert response.json()["error_code"] == "INVALID_HOST"


@pytest.mark.parametrize("host", ["a b", "a/b", "a@b", "a:b", "a:1:2", "[::1", "a:123456", "[]", "a\xdfb"])
async def test_a_malformed_host_is_refused(client: AsyncClient, host: str) -> None:
    response = await client.get(TASKS, headers=[(b"Host", host.encode("latin-1"))])
    assert response.status_code == 400
    assert response.json()["error_code"] == "INVALID_HOST"


@pytest.mark.parametrize(("path", "status"), [("/health", 200), ("/monitoring/health", 200), (TASKS, 400)])
async def test_probes_with_http_1_0_need_no_host(app: FastAPI, path: str, status: int) -> None:
    async def http_1_0(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "http_version": "1.0"}, receive, send)

    async with AsyncClient(transport=ASGITransport(http_1_0), base_url="http://tasks.test") as client:
        request = client.build_request("GET", path)
        del request.headers["Host"]
        assert (await client.send(request)).status_code == status
        assert (await client.get("/health", headers={"Host": "a b"})).status_code == 400


class TestForceHttps:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"force_https": True}

    @pytest.mark.parametrize(("method", "path"), [("GET", f"{TASKS}?limit=1"), ("POST", LOGIN), ("GET", "/docs")])
    async def test_plain_requests_are_redirected(self, bare: AsyncClient, method: str, path: str) -> None:
        response = await bare.request(method, path)
        assert response.status_code == 308
        assert response.headers["Location"] == f"https://tasks.test{path}"
        assert response.headers["X-Request-ID"]

    async def test_the_redirect_is_documented(self, own_conventions: Connect) -> None:
        for method, path in (("GET", TASKS), ("POST", LOGIN), ("DELETE", f"{TASKS}/{UNKNOWN}")):
            assert (await own_conventions().request(method, path)).status_code == 308

    async def test_probes_are_not_redirected(self, bare: AsyncClient) -> None:
        assert (await bare.get("/health")).status_code == 200

    async def test_https_requests_are_not_redirected(self, bare: AsyncClient) -> None:
        assert (await bare.get(f"https://tasks.test{TASKS}")).status_code == 401

    @pytest.mark.parametrize("schemes", [["https"], ["HTTPS"], ["https,https"], ["https", "https"], [" https , http"]])
    async def test_requests_that_came_to_a_proxy_by_https_are_not_redirected(
        self, bare: AsyncClient, schemes: list[str]
    ) -> None:
        headers = [("X-Forwarded-Proto", scheme) for scheme in schemes]
        assert (await bare.get(TASKS, headers=headers)).status_code == 401


@pytest.mark.parametrize("coding", ["gzip", "br"])
async def test_lists_are_compressed(ann: AsyncClient, coding: str) -> None:
    await create_all(ann, *({"title": f"Task {n}"} for n in range(20)))
    response = await ann.get(TASKS, headers={"Accept-Encoding": coding})
    assert response.headers["Content-Encoding"] == coding
    assert "Accept-Encoding" in response.headers["Vary"]
    assert len(response.json()["items"]) == 20
    assert "Content-Encoding" not in (await ann.get(TASKS, headers={"Accept-Encoding": "identity"})).headers


async def test_responses_with_an_entity_tag_are_not_compressed(ann: AsyncClient) -> None:
    task = await create(ann, description="long " * 400)
    for path in (path_of(task), ME):
        response = await ann.get(path, headers={"Accept-Encoding": "gzip, br"})
        assert response.headers["ETag"]
        assert "Content-Encoding" not in response.headers
    assert (await ann.get(path_of(task))).json() == task
