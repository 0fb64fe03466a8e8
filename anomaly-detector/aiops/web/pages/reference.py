"""The pages of the API: what can be asked of the engine, and how."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from aiops.config import Settings
from aiops.model.errors import NotFound
from aiops.web.reference import reference


def add_reference(pages: Blueprint, description: Callable[[], Mapping[str, Any]], settings: Settings) -> None:
    """Add the list of all calls, and a page of each resource; `description` returns the OpenAPI document."""

    @pages.get("/api")
    def api() -> ResponseReturnValue:
        return render_template("api.html", api=reference(description(), settings.url))

    @pages.get("/api/<name>")
    def api_resource(name: str) -> ResponseReturnValue:
        found = reference(description(), settings.url)
        resource = next((one for one in found.resources if one.name == name), None)
        if resource is None:
            raise NotFound(f"the API has no {name}; it has {', '.join(one.name for one in found.resources)}")
        return render_template("api_resource.html", api=found, resource=resource)
