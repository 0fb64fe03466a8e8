"""The Flask application: access, routes, and errors."""

from typing import Any

import orjson
from flask import jsonify
from flask.json.provider import JSONProvider
from flask_openapi3.models.info import Info
from flask_openapi3.models.security_scheme import SecurityScheme
from flask_openapi3.openapi import OpenAPI

from aiops import __version__
from aiops.api import (
    access,
    actions,
    alerts,
    change_hooks,
    changes,
    description,
    dismissals,
    drills,
    explanation,
    guard,
    handover,
    incidents,
    logs,
    parameters,
    post_mortem,
    probes,
    problem,
    series,
    silences,
    slos,
    system,
    telemetry,
    traces,
    workflow,
)
from aiops.config import Settings
from aiops.presentation.documents.base import Problem
from aiops.service.gate import Gate
from aiops.service.use_cases import UseCases

LARGEST_BODY = 64 * 1024
DESCRIPTION = "/aiops/openapi.json"
ABOUT = (
    "Telemetry in, explained incidents out. Times are RFC 3339 in UTC; a number that is not known is null. "
    "Each operation names the role that it needs as `x-aiops-role`; ingest is a scope, of which only an admin has all."
)


class OrjsonProvider(JSONProvider):
    """JSON as orjson writes it: numpy numbers too, and NaN as null."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:  # noqa: ARG002 (Flask's signature)
        """Write JSON."""
        return orjson.dumps(obj, option=orjson.OPT_SERIALIZE_NUMPY).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:  # noqa: ARG002 (Flask's signature)
        """Read JSON."""
        return orjson.loads(s)


def create_app(use_cases: UseCases, settings: Settings) -> OpenAPI:
    """Create the API. Handlers run in the threads of the server; the use cases take the locks that they need."""
    gate = Gate.of(settings, use_cases)
    app = OpenAPI(
        "aiops.api",
        info=Info(title="aiops", version=__version__, description=ABOUT),
        security_schemes={
            description.SCHEME: SecurityScheme(type="http", scheme="bearer"),
            description.COOKIE: SecurityScheme(type="apiKey", security_scheme_in="cookie", name=gate.cookie),
        },
        doc_ui=False,
        validation_error_status=400,
        validation_error_model=Problem,
        validation_error_callback=parameters.wrong,
        static_folder=None,
    )
    app.json = OrjsonProvider(app)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_BODY
    app.url_map.strict_slashes = False
    guard.install_guard(app, use_cases, settings)
    problem.install_problems(app)
    for room in (
        actions,
        incidents,
        workflow,
        silences,
        dismissals,
        handover,
        slos,
        telemetry,
        traces,
        logs,
        drills,
        series,
        explanation,
        post_mortem,
        changes,
        change_hooks,
        alerts,
        access,
    ):
        api = room.blueprint(use_cases)
        api.before_request(parameters.check_parameters)
        app.register_api(api)
    api = system.blueprint(use_cases, settings)
    api.before_request(parameters.check_parameters)
    app.register_api(api)
    app.register_api(probes.blueprint(use_cases))
    app.add_url_rule(DESCRIPTION, "description", lambda: jsonify(description.document(app, gate.is_open)))
    return app
