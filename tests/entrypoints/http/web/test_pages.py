"""The documentation pages, which work without internet access."""

import re
import threading
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

from tests.entrypoints.http.given import in_memory

pytestmark = in_memory

PAGES: Final = ("/docs", "/redoc")
FORBIDDEN: Final = ("'unsafe-eval'", "http:", "https:", "*")
CLIMBING: Final = ("..%2fpaths.py", "%2e%2e/paths.py", "..%2f..%2f..%2f..%2fetc%2fpasswd", "..%5cpaths.py")
NO_FILES: Final = ("", ".", "nothing", "%2fetc%2fpasswd", "%00", "docs.js%00", "x" * 300, "%ff", "con", *CLIMBING)


class Page(HTMLParser):
    """The resources that a page loads, and its inline code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.scripts_in_place: list[str] = []
        self.handlers: list[str] = []
        self._is_in_script = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._is_in_script = tag == "script"
        self.addresses += [value or "" for name, value in attributes if name in {"src", "href"}]
        self.handlers += [name for name, _ in attributes if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self._is_in_script and data.strip():
            self.scripts_in_place.append(data)


def directives(policy: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (part.split() for part in policy.split(";"))}


@pytest.mark.parametrize("path", PAGES)
async def test_pages_load_only_files_of_the_service(client: AsyncClient, path: str) -> None:
    response = await client.get(path)
    page = Page(response.text)

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "://" not in response.text
    assert (page.scripts_in_place, page.handlers) == ([], [])
    assert len(page.addresses) >= 3
    for address in page.addresses:
        assert urlsplit(address)[:2] == ("", "")
        loaded = await client.get(urljoin(path, address))
        assert loaded.status_code == 200
        assert len(loaded.content) > 50


@pytest.mark.parametrize("path", PAGES)
async def test_pages_have_a_strict_content_security_policy(client: AsyncClient, path: str) -> None:
    policy = directives((await client.get(path)).headers["Content-Security-Policy"])

    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'"]
    assert policy["connect-src"] == ["'self'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["base-uri"] == ["'none'"]
    assert {source for sources in policy.values() for source in sources}.isdisjoint(FORBIDDEN)


@pytest.mark.parametrize("path", ["/static/docs.js", "/static/redoc.js"])
async def test_scripts_of_pages_call_only_the_service(client: AsyncClient, path: str) -> None:
    script = (await client.get(path)).text
    assert '"openapi.json"' in script
    assert "://" not in script


async def test_the_login_on_the_page_remains_after_a_reload_and_asks_for_no_client_id(client: AsyncClient) -> None:
    script, style, swagger = [
        (await client.get(f"/static/{name}")).text for name in ("docs.js", "docs.css", "swagger-ui-bundle.js")
    ]
    hidden = re.findall(r'\[for="(\w+)"\]', style)

    assert "persistAuthorization: true" in script
    assert {"client_id_password", "client_secret_password", "password_type"} <= set(hidden)
    for name in hidden:  # the labels of Swagger UI, the last part of which is sometimes the name of the flow
        assert f'htmlFor:"{name}"' in swagger or f"htmlFor:`{name.removesuffix('password')}${{" in swagger, name


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/static/docs.js", r"(text|application)/javascript(; charset=utf-8)?"),
        ("/static/redoc.standalone.js", r"(text|application)/javascript(; charset=utf-8)?"),
        ("/static/swagger-ui-bundle.js", r"(text|application)/javascript(; charset=utf-8)?"),
        ("/static/docs.css", r"text/css(; charset=utf-8)?"),
        ("/static/swagger-ui.css", r"text/css(; charset=utf-8)?"),
        ("/static/favicon-32x32.png", "image/png"),
    ],
)
async def test_static_files_have_the_right_media_type(client: AsyncClient, path: str, media_type: str) -> None:
    response = await client.get(path)
    assert response.status_code == 200
    assert re.fullmatch(media_type, response.headers["Content-Type"])
    assert response.headers["ETag"].startswith('W/"')
    fresh = {"If-None-Match": response.headers["ETag"]}
    again = await client.get(path, headers=fresh)
    assert (again.status_code, again.headers["ETag"]) == (304, response.headers["ETag"])


@pytest.mark.parametrize("name", NO_FILES)
async def test_other_files_are_not_served(client: AsyncClient, name: str) -> None:
    response = await client.get(f"/static/{name}")
    assert response.status_code == 404
    assert response.json()["error_code"] == "NOT_FOUND"


async def test_the_served_document_is_openapi(client: AsyncClient) -> None:
    response = await client.get("/openapi.json")
    document = response.json()

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert document["openapi"].startswith("3.1.")
    assert "://" not in response.text
    for reference in set(re.findall(r'"\$ref":\s*"#/components/schemas/([^"]+)"', response.text)):
        assert reference in document["components"]["schemas"]
    (flow,) = document["components"]["securitySchemes"]["password"]["flows"].values()
    assert "post" in document["paths"][flow["tokenUrl"]]


async def test_the_document_is_built_and_rendered_once_and_not_on_the_event_loop(
    app: FastAPI, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    build = app.openapi

    def record_thread() -> dict[str, Any]:
        threads.append(threading.current_thread())
        return build()

    monkeypatch.setattr(app, "openapi", record_thread)
    first, second = [(await client.get("/openapi.json")).content for _ in range(2)]

    assert first == second
    assert len(threads) == 1
    assert threads != [threading.current_thread()]


@pytest.mark.parametrize("encoding", ["identity", "gzip", "br", "zstd"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_an_unchanged_document_is_not_sent_again(client: AsyncClient, method: str, encoding: str) -> None:
    response = await client.request(method, "/openapi.json", headers={"Accept-Encoding": encoding})
    assert response.status_code == 200
    tag = response.headers["ETag"]
    assert tag.startswith('W/"')
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        headers = {"Accept-Encoding": encoding, "If-None-Match": known}
        again = await client.request(method, "/openapi.json", headers=headers)
        assert (again.status_code, again.headers["ETag"], again.content) == (304, tag, b"")
    changed = await client.request(method, "/openapi.json", headers={"If-None-Match": '"other"'})
    assert changed.status_code == 200


async def test_the_root_redirects_to_the_documentation(client: AsyncClient) -> None:
    response = await client.get("/")
    assert (response.status_code, response.headers["Location"]) == (307, "/docs")
    assert (await client.get("/", follow_redirects=True)).status_code == 200
