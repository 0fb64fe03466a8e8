"""The hand-over of a shift, as the API gives it."""

from typing import Literal

from pydantic import Field

from aiops.presentation.documents.base import Document, Time
from aiops.presentation.documents.incident import Comment
from aiops.presentation.documents.silence import Muted, Silence


class HandoverIncident(Document):
    id: str
    state: Literal["open", "acknowledged", "resolved"]
    severity: Literal["low", "medium", "high", "critical"]
    headline: str
    onset: Time
    resolved_at: Time | None
    resolution: str | None
    helped: str | None = Field(description="what helped, as somebody said")
    assignee: str | None
    muted: Muted | None
    last_comment: Comment | None
    page: str


class HandoverObjective(Document):
    """An objective whose budget burns or is spent."""

    slo: str
    group: dict[str, str]
    state: str
    budget_left: float | None = Field(description="share of the budget; negative: overspent")
    exhausted_in: str | None = Field(description="at the present rate, as ISO 8601 duration; null: does not run out")
    page: str


class Handover(Document):
    """What happened in a shift, and what is left of it."""

    since: Time
    until: Time
    open: list[HandoverIncident] = Field(description="the most severe first")
    opened: list[HandoverIncident] = Field(description="that opened in the shift, oldest first; open ones too")
    resolved: list[HandoverIncident] = Field(description="that ended in the shift, oldest first")
    silences: list[Silence] = Field(description="that end within the length of a shift from now")
    objectives: list[HandoverObjective] = Field(description="in danger, the worst first")
