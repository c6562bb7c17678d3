from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter

from entrypoints.http.routing import Route

router = APIRouter(tags=["monitoring"], route_class=Route)


@dataclass(slots=True)
class HealthView:
    status: Literal["healthy"]


@router.get("/health")
async def get_health() -> HealthView:
    """The process answers; nothing else is asked."""
    return HealthView(status="healthy")
