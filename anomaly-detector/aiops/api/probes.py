"""Endpoints for orchestrators and Prometheus: alive, ready, own metrics."""

from typing import Any

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from prometheus_client import CONTENT_TYPE_LATEST

from aiops.api.answer import Responses, described, responses
from aiops.api.problem import ApiProblem
from aiops.presentation.documents.telemetry import Alive, Ready
from aiops.service.use_cases import UseCases

TAG = Tag(name="engine", description="the engine itself: for orchestrators and for Prometheus")


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the routes for liveness, readiness and own metrics."""
    api = APIBlueprint("probes", __name__, abp_tags=[TAG])

    @api.get("/health", responses=responses(Alive))
    def health() -> Any:
        """Answer while the process lives."""
        return Alive(status="ok").model_dump()

    @api.get("/ready", responses=responses(Ready))
    def ready() -> Any:
        """Answer whether sources and stores answer and the last cycle is fresh; 503 with `reasons` if not."""
        found = use_cases.operation.readiness()
        if not found.ready:
            raise ApiProblem(503, "; ".join(found.reasons), ready=False, reasons=list(found.reasons))
        return Ready(ready=True, notes=list(found.notes)).model_dump()

    text: Responses = {
        200: {"description": "text exposition", "content": {"text/plain": {"schema": {"type": "string"}}}}
    }

    @api.get("/metrics", responses={**text, **described()})
    def metrics() -> Response:
        """Answer the engine's own metrics for Prometheus."""
        return Response(use_cases.operation.exposition(), content_type=CONTENT_TYPE_LATEST)

    return api
