"""The page about the engine itself."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from aiops.config import Settings
from aiops.presentation.numbers import size
from aiops.presentation.times import unix_seconds
from aiops.service.use_cases import UseCases


def add_system(pages: Blueprint, use_cases: UseCases, settings: Settings) -> None:
    """Add the page; it shows what `GET /aiops/system` answers."""

    @pages.get("/system")
    def system() -> ResponseReturnValue:
        found = use_cases.system.report(settings)
        return render_template(
            "system.html",
            one=found,
            given=[each for each in found.settings if each.origin != "default"],
            defaults=[each for each in found.settings if each.origin == "default"],
            at=unix_seconds,
            size=size,
        )
