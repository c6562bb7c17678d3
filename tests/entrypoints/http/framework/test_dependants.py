"""Attributes of FastAPI's `Dependant`, which is not a public API and which `Route` reads."""

from entrypoints.http.framework.route import Route


async def endpoint(page_id: str, page: int = 1) -> str:
    return f"{page_id} {page}"


def test_a_dependant_has_the_query_parameters_of_its_endpoint() -> None:
    dependant = Route("/pages/{page_id}", endpoint).dependant

    assert [parameter.alias for parameter in dependant.query_params] == ["page"]
