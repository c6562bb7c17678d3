"""What the endpoints of all features take from the request."""

from typing import Annotated

from starlette.requests import Request

from application.identity.sessions import AuthenticatedCaller
from domain.identity.actor import Actor
from domain.versions import VersionMatch
from entrypoints.http.framework.authentication import current_actor, current_caller
from entrypoints.http.framework.client import client_address
from entrypoints.http.framework.context import context_of
from entrypoints.http.framework.idempotency import IdempotentRequest, idempotent_request
from entrypoints.http.framework.parameters import RequestParameter
from entrypoints.http.framework.preconditions import expected_versions
from entrypoints.request_metrics import RequestMetrics
from entrypoints.wiring.services import Services


def current_services(request: Request) -> Services:
    return context_of(request).services


def current_metrics(request: Request) -> RequestMetrics:
    return context_of(request).metrics


CurrentActor = Annotated[Actor, RequestParameter(current_actor)]
CurrentCaller = Annotated[AuthenticatedCaller, RequestParameter(current_caller)]
ClientAddress = Annotated[str, RequestParameter(client_address)]
App = Annotated[Services, RequestParameter(current_services)]
ExpectedVersions = Annotated[VersionMatch, RequestParameter(expected_versions)]
Metrics = Annotated[RequestMetrics, RequestParameter(current_metrics)]
Idempotent = Annotated[IdempotentRequest, RequestParameter(idempotent_request)]
