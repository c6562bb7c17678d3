"""Attributes of FastAPI's `Dependant`, which is not a public API and which `Route` reads."""

from typing import Annotated

from fastapi import Depends, FastAPI

from entrypoints.http.framework.route import Route


def common_parameters(lang: str = "en") -> str:
    return lang


async def endpoint(lang: Annotated[str, Depends(common_parameters)], page: int = 1) -> str:
    return f"{lang} {page}"


def new_route() -> Route:
    app = FastAPI()
    app.router.route_class = Route
    app.get("/pages")(endpoint)
    route = app.routes[-1]
    assert isinstance(route, Route)
    return route


def test_a_dependant_has_its_function_its_dependencies_and_its_query_parameters() -> None:
    dependant = new_route().dependant

    assert dependant.call is endpoint
    assert [parameter.alias for parameter in dependant.query_params] == ["page"]
    assert [inner.call for inner in dependant.dependencies] == [common_parameters]
    assert [parameter.alias for parameter in dependant.dependencies[0].query_params] == ["lang"]


def test_a_route_finds_the_dependencies_of_its_endpoint() -> None:
    route = new_route()

    assert route.depends_on(common_parameters)
    assert not route.depends_on(new_route)
