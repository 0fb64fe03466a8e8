"""What a dashboard is made of, before Grafana's own form of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

GOOD, FAIR, POOR, BAD, PLAIN = "green", "yellow", "orange", "red", "blue"
"""Grafana's palette, readable in light and dark."""

Steps = tuple[tuple[float | None, str], ...]
CALM: Final[Steps] = ((None, PLAIN),)
UP: Final[Steps] = ((None, BAD), (1, GOOD))
ERRORS: Final[Steps] = ((None, GOOD), (0.01, FAIR), (0.05, BAD))
"""Shares of requests that fail."""
LEFT: Final[Steps] = ((None, BAD), (0, POOR), (0.25, GOOD))
"""Shares of a budget that are left."""
ANY_IS_BAD: Final[Steps] = ((None, GOOD), (0.000001, BAD))
Words = Mapping[str, tuple[str, str]]


class When(StrEnum):
    """When a query has an answer, as its panel's description says."""

    ALWAYS = ""
    TROUBLE = "Empty while nothing is wrong."
    SOME = "Empty for services that have or report none."
    RARE = "Empty as long as it never happened."
    TEMPO = "Needs Tempo."
    GRAFANA = "Needs Grafana's own metrics."


class Kind(StrEnum):
    """How a panel draws; the values are Grafana's names of its own panels."""

    STAT = "stat"
    LINES = "timeseries"
    TABLE = "table"
    STATES = "state-timeline"
    BARS = "bargauge"
    GRAPH = "nodeGraph"
    TRACE = "traces"
    ALERTS = "alertGroups"


@dataclass(frozen=True, slots=True)
class Metrics:
    """A question to Prometheus: at the end of the time range if `instant`, else over it."""

    expr: str
    legend: str = ""
    when: When = When.ALWAYS
    instant: bool = False
    exemplars: bool = False


class Asks(StrEnum):
    """What a question to Tempo gives; the values are Grafana's query types but for SERIES, which is `traceql` too."""

    TRACES = "traceql"
    SERIES = "series"
    SERVICE_MAP = "serviceMap"


@dataclass(frozen=True, slots=True)
class Spans:
    """A question to Tempo, in TraceQL or by a trace's id; of the service map the filter, in PromQL."""

    query: str
    asks: Asks = Asks.TRACES
    legend: str = ""
    limit: int = 20
    when: When = When.TEMPO


@dataclass(frozen=True, slots=True)
class Link:
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Look:
    """How the fields whose name `of` matches, a regular expression, differ from the panel's others."""

    of: str
    title: str = ""
    unit: str = ""
    steps: Steps = ()
    words: Words | None = None
    links: tuple[Link, ...] = ()
    hidden: bool = False
    color: str = ""
    points: bool = False
    dashed: bool = False
    band_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. `about` says what it shows and how to read it; `steps` are its thresholds, drawn as colours; `words`
    stand for values; `id` is given where others link to the panel; with `each`, one a value of that variable."""

    title: str
    about: str
    kind: Kind
    queries: tuple[Metrics | Spans, ...] = ()
    unit: str = "short"
    width: int = 12
    height: int = 8
    steps: Steps = CALM
    words: Words | None = None
    links: tuple[Link, ...] = ()
    looks: tuple[Look, ...] = ()
    decimals: int | None = None
    least: float | None = 0
    most: float | None = None
    id: int = 0
    each: str = ""
    shows: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A heading, and panels from left to right; lines of them fill the width of 24."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top: the values that Prometheus has of a label, or some given ones. `everything` puts All first.
    `query` is Grafana's, of the kind `label_values(…)`."""

    name: str
    label: str
    about: str
    query: str = ""
    values: tuple[str, ...] = ()
    everything: bool = True
    several: bool = True
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard; `about` is the question it answers."""

    uid: str
    title: str
    about: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    since: str = "now-1h"
    refresh: str = "15s"
