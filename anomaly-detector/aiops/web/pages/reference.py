"""The page of the API: what can be asked of the engine, and how."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from aiops.config import Settings
from aiops.web.reference import reference


def add_reference(pages: Blueprint, description: Callable[[], Mapping[str, Any]], settings: Settings) -> None:
    """Add the page; `description` returns the OpenAPI document."""

    @pages.get("/api")
    def api() -> ResponseReturnValue:
        return render_template("api.html", api=reference(description(), settings.url))
