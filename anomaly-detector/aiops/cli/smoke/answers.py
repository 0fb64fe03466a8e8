"""The answers of an engine in one round, and how they are read. Pure; times are Unix seconds, lengths seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
from prometheus_client.parser import text_string_to_metric_families

HEALTH: Final = "/health"
READY: Final = "/ready"
METRICS_PATH: Final = "/metrics"
SERVICES: Final = "/aiops/services"
INCIDENTS: Final = "/aiops/incidents"
DESCRIPTION: Final = "/aiops/openapi.json"
PAGES: Final = ("/", "/incidents")
"""The start page, and the address of the list of incidents."""
OF_REQUESTS: Final = ("errors", "latency")
"""Families that are judged where there were requests; silence is judged for services that send nothing too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer at one path. Without an answer `status` is 0 and `why` says what happened.

    `at` is the time by the clock of the server, where it gives one: in whole seconds.
    """

    status: int = 0
    kind: str = ""
    body: bytes = b""
    seconds: float = 0.0
    at: float | None = None
    server: str = ""
    why: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status is 200."""
        return self.status == 200

    def json(self) -> Mapping[str, Any]:
        """Return the JSON object of the body; empty where it is none."""
        try:
            found = orjson.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def said(self) -> str:
        """Write in a few words what came in place of the expected answer."""
        if not self.status:
            return self.why
        detail = self.json().get("detail")
        if detail:
            return str(detail)
        by = f" by {self.server}" if self.server else ""
        return f"{self.status} {self.kind or 'without a type'}{by}"


@dataclass(frozen=True, slots=True)
class Round:
    """All answers of one round: by path, and for the required services by name."""

    answers: Mapping[str, Answer]
    verdicts: Mapping[str, Answer] = field(default_factory=dict)

    def __getitem__(self, path: str) -> Answer:
        return self.answers.get(path, Answer(why="not asked"))

    @property
    def alive(self) -> bool:
        """Whether a process answers like an engine; if not, nothing else is asked."""
        return self[HEALTH].ok and self[HEALTH].json().get("status") == "ok"


@dataclass(frozen=True, slots=True)
class Exposition:
    """Values of the engine's own metrics by name, and the labels of those whose labels matter."""

    values: Mapping[str, float]
    labels: Mapping[str, Mapping[str, str]]

    def __len__(self) -> int:
        return len(self.values)


def exposition(answer: Answer) -> Exposition:
    """Read a page of metrics; empty where it is none. Of several series with one name the last one counts."""
    values: dict[str, float] = {}
    labels: dict[str, Mapping[str, str]] = {}
    try:
        for family in text_string_to_metric_families(answer.body.decode() if answer.ok else ""):
            for sample in family.samples:
                if sample.name.startswith("aiops_"):
                    values[sample.name], labels[sample.name] = sample.value, sample.labels
    except ValueError:
        return Exposition({}, {})
    return Exposition(values, labels)


def newest_verdict(answer: Answer) -> float | None:
    """Return when requests of a service were last judged; None for never."""
    try:
        times = [
            datetime.fromisoformat(point["at"]).timestamp()
            for one in answer.json().get("series", ())
            if one["family"] in OF_REQUESTS
            for point in one["points"]
            if point["observed"] is not None
        ]
    except (KeyError, TypeError, ValueError):
        return None
    return max(times, default=None)
