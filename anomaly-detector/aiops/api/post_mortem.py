"""The post-mortem of an incident: as JSON, as Markdown, or as one HTML file."""

from collections.abc import Callable
from typing import Any, Literal

from flask import Response, current_app, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.data_type import DataType
from flask_openapi3.models.media_type import MediaType
from flask_openapi3.models.schema import Schema
from pydantic import Field

from aiops.api.answer import Question, responses
from aiops.api.incidents import TAG, OneIncident
from aiops.presentation.documents.post_mortem import PAGE_EXTENSION, PostMortem
from aiops.presentation.post_mortem_text import post_mortem_markdown
from aiops.service.use_cases import UseCases


class PostMortemForm(Question):
    format: Literal["json", "md", "html"] = Field("json", description="md: Markdown; html: one file without scripts")


_TEXT = MediaType(schema=Schema(type=DataType.STRING))


class DescribedPostMortem(PostMortem):
    """All that is known of an incident, with blanks for what people learned."""

    model_config = {  # type: ignore[typeddict-unknown-key] # noqa: RUF012 - read by flask_openapi3
        "title": PostMortem.__name__,
        "openapi_extra": {"content": {"text/markdown": _TEXT, "text/html": _TEXT}},
    }


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the route of post-mortems."""
    api = APIBlueprint("post_mortem", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.get("/incidents/<incident_id>/export", responses=responses(DescribedPostMortem, 404))
    def export(path: OneIncident, query: PostMortemForm) -> Any:
        """Answer all that is known of an incident, in the form of a post-mortem; what people write is left blank."""
        found = use_cases.post_mortems.of(path.incident_id, request.url_root.rstrip("/"))
        if query.format == "json":
            return found.model_dump()
        if query.format == "md":
            return _file(post_mortem_markdown(found), "text/markdown", f"{found.incident}.md")
        page: Callable[[PostMortem], str] = current_app.extensions[PAGE_EXTENSION]
        return _file(page(found), "text/html", f"{found.incident}.html")

    return api


def _file(text: str, media_type: str, name: str) -> Response:
    """Return a file to keep: a browser that showed it here would refuse its style."""
    answer = Response(text, mimetype=media_type)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
