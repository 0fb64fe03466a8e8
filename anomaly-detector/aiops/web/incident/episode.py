"""What happened during an incident: the states of its series, alerts, and the timeline."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aiops.model import Alert, SeriesState, TimelineEntry
from aiops.service.picture import IncidentPicture
from aiops.web.chart import strip
from aiops.web.drawing import Shade
from aiops.web.incident.charts import series_words

LIFE: Final = {
    SeriesState.NORMAL: "normal",
    SeriesState.SUSPECT: "suspect",
    SeriesState.INCIDENT: "incident",
    SeriesState.RECOVERING: "recovering",
}
BURST: Final = "anomaly"
"""What the timeline calls symptoms."""


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One entry of the timeline, or several of one kind at one time: then `entries` are more than one."""

    at: float
    what: str
    entries: tuple[TimelineEntry, ...]


@dataclass(frozen=True, slots=True)
class Lane:
    """A row of the episode: a strip over time, with its name."""

    name: str
    shades: tuple[Shade, ...]
    words: str


def bursts(timeline: Sequence[TimelineEntry]) -> Iterator[TimelineRow]:
    """Yield a timeline, newest first; symptoms that began at one time are one row."""
    rows: list[list[TimelineEntry]] = []
    for entry in timeline:
        last = rows[-1][0] if rows else None
        if last is not None and entry.what == last.what == BURST and entry.at == last.at:
            rows[-1].append(entry)
        else:
            rows.append([entry])
    for row in reversed(rows):
        yield TimelineRow(row[0].at, row[0].what, tuple(row))


def lanes(picture: IncidentPicture, alerts: Sequence[Alert]) -> Iterator[Lane]:
    """The states of the series, and when alerts of other rules fired, on the axis of the charts."""
    for each in (*([picture.cause] if picture.cause is not None else []), *picture.hit):
        kinds = [LIFE[state] for state in each.states]
        shades = strip(picture.window, each.times, kinds, picture.step)
        yield Lane(series_words(each.series, each.family), shades, f"now {kinds[-1]}" if kinds else "")
    for alert in alerts:
        end = min(alert.ends_at if alert.ends_at is not None else picture.window.end, picture.window.end)
        start = max(alert.starts_at, picture.window.start)
        if start < end:
            shades = strip(picture.window, [end], ["firing"], end - start)
            yield Lane(f"Alert {alert.name or 'without a name'}", shades, str(alert.state))
