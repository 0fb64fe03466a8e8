"""The engine itself, for operators."""

from typing import Any

from flask_openapi3.blueprint import APIBlueprint

from aiops.api.answer import responses
from aiops.api.probes import TAG
from aiops.config import Settings
from aiops.presentation.documents.system import System
from aiops.service.use_cases import UseCases


def blueprint(use_cases: UseCases, settings: Settings) -> APIBlueprint:
    """Return the route for the state of the engine."""
    api = APIBlueprint("system", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.get("/system", responses=responses(System))
    def system() -> Any:
        """Answer how the engine itself is: sources, cycles, telemetry, limits, storage, versions and settings."""
        return use_cases.system.report(settings).model_dump()

    return api
