from typing import Literal

from fastapi import APIRouter

from entrypoints.http.routing import Route
from entrypoints.http.schemas.body import View

router = APIRouter(tags=["monitoring"], route_class=Route)


class HealthView(View):
    status: Literal["healthy"]


@router.get("/health")
async def get_health() -> HealthView:
    """The process answers; nothing else is asked."""
    return HealthView(status="healthy")
