"""The page of a post-mortem."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from aiops.service.use_cases import UseCases
from aiops.web.post_mortem import post_mortem_view


def add_post_mortem(pages: Blueprint, use_cases: UseCases) -> None:
    """Add the page."""

    @pages.get("/incidents/<name>/post-mortem")
    def post_mortem(name: str) -> ResponseReturnValue:
        return render_template("post_mortem.html", **post_mortem_view(use_cases.post_mortems.of(name)))
