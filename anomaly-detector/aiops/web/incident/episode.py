"""What happened during an incident: the states of its series, alerts, and the timeline."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aiops.model import Alert, AlertState, Comment, SeriesState, TimelineEntry
from aiops.service.picture import IncidentPicture
from aiops.web.chart import strip
from aiops.web.drawing import Shade
from aiops.web.incident.charts import series_words

LIFE: Final = {
    SeriesState.NORMAL: "inactive",
    SeriesState.SUSPECT: "pending",
    SeriesState.INCIDENT: "firing",
    SeriesState.RECOVERING: "recovering",
}
"""The states of a series as those of an alert of Prometheus; a recovering one still fires, and is calm."""
RESOLVED: Final = "resolved"
STATES: Final = (*LIFE.values(), RESOLVED)
"""All states of an alert, in the order in which one goes through them."""
BURST: Final = "anomaly"
"""What the timeline calls symptoms."""


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One entry of the timeline, or several of one kind at one time: then `entries` are more than one. A row of a
    comment has no entry."""

    at: float
    what: str
    entries: tuple[TimelineEntry, ...]
    comment: Comment | None = None


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


def with_comments(rows: Iterable[TimelineRow], comments: Iterable[Comment]) -> list[TimelineRow]:
    """Return the rows of a timeline with those of comments among them, newest first."""
    written = [TimelineRow(one.at, "comment", (), one) for one in comments]
    return sorted((*rows, *reversed(written)), key=lambda row: -row.at)


def lanes(picture: IncidentPicture, alerts: Sequence[Alert]) -> Iterator[Lane]:
    """Yield the states of the series and of alerts of other rules, on the axis of the charts.

    Alertmanager reports that an alert fires or is resolved; when it was pending is not known, and not drawn.
    """
    for each in (*([picture.cause] if picture.cause is not None else []), *picture.hit):
        kinds = list(_lived(each.states))
        shades = strip(picture.window, each.times, kinds, picture.step)
        yield Lane(series_words(each.series, each.family), shades, f"now {kinds[-1]}" if kinds else "")
    for alert in alerts:
        end = picture.window.end
        over = min(alert.ends_at if alert.ends_at is not None else end, end)
        start = max(alert.starts_at, picture.window.start)
        if start < over:
            shades = strip(picture.window, [over], [str(AlertState.FIRING)], over - start)
            if over < end:
                shades += strip(picture.window, [end], [RESOLVED], end - over)
            yield Lane(f"Alert {alert.name or 'without a name'}", shades, f"now {alert.state}")


def _lived(states: Sequence[SeriesState]) -> Iterator[str]:
    """Yield the states of an alert: what is normal again after it fired is resolved."""
    fired = False
    for state in states:
        fired |= state >= SeriesState.INCIDENT
        yield RESOLVED if fired and state == SeriesState.NORMAL else LIFE[state]
